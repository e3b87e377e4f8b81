#include "raw_frames.h"

#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "errors.h"
#include "nv21.h"
#include "stop.h"
#include "tensor_files.h"

namespace matting {
namespace fs = std::filesystem;

namespace {

constexpr char kStandardStream[] = "-";
constexpr int kLongestWait = 100;  // milliseconds until it is seen whether a signal asks to stop

std::string FrameText(size_t size) { return std::to_string(size) + " bytes of a frame; check --size and --format"; }

Stream OpenForReading(const fs::path& path) {
  if (path == kStandardStream) {
    return {stdin, [](std::FILE*) { return 0; }};
  }
  std::error_code error;
  if (fs::is_directory(path, error)) {
    throw Error(path.string() + ": cannot be read: is a folder");
  }
  Stream stream(std::fopen(path.c_str(), "rb"), std::fclose);
  if (stream == nullptr) {
    throw Error(path.string() + ": cannot be read: " + std::strerror(errno));
  }
  return stream;
}

}  // namespace

size_t FrameKind::Size() const {
  return is_nv21 ? Nv21Size(height, width) : static_cast<size_t>(height) * width * 3;
}

Picture FrameKind::ToRgb(const std::vector<uint8_t>& frame) const {
  if (is_nv21) {
    return Nv21ToRgb(frame.data(), height, width);
  }
  Picture colours(height, width, 3);
  colours.values = frame;
  return colours;
}

std::vector<uint8_t> FrameKind::FromRgb(const Picture& colours) const {
  return is_nv21 ? RgbToNv21(colours) : colours.values;
}

FrameReader::FrameReader(const fs::path& path, const FrameKind& kind)
    : path_(path), stream_(OpenForReading(path)), size_(kind.Size()) {
  std::error_code error;
  if (path == kStandardStream || !fs::is_regular_file(path, error)) {
    return;
  }
  const std::uintmax_t size = fs::file_size(path);
  if (size == 0 || size % size_ != 0) {
    throw Error(path.string() + ": has " + std::to_string(size) + " bytes, which is no multiple of the " +
                FrameText(size_));
  }
  count_ = size / size_;
}

bool FrameReader::Read(std::vector<uint8_t>* frame) {
  frame->resize(size_);
  const int descriptor = fileno(stream_.get());
  size_t found = 0;
  while (found < size_ && StopSignal() == 0) {
    pollfd input = {descriptor, POLLIN, 0};
    if (poll(&input, 1, kLongestWait) <= 0) {
      continue;
    }
    const ssize_t count = read(descriptor, frame->data() + found, size_ - found);
    if (count == 0) {
      break;
    }
    if (count > 0) {
      found += static_cast<size_t>(count);
    } else if (errno != EINTR && errno != EAGAIN) {
      throw Error(path_.string() + ": cannot be read: " + std::strerror(errno));
    }
  }
  if (found < size_ && StopSignal() != 0) {  // which may have stopped what fills a pipe, too
    return false;
  }
  if (found > 0 && found < size_) {
    throw Error(path_.string() + ": ends within frame " + std::to_string(done_ + 1) + ", after " +
                std::to_string(found) + " of the " + FrameText(size_));
  }
  ++done_;
  return found > 0;
}

FrameWriter::FrameWriter(const fs::path& path, bool is_live, Stream* own_stdout)
    : path_(path), stream_(nullptr, std::fclose) {
  if (path.empty()) {
    return;
  }
  if (path == kStandardStream) {
    stream_ = std::move(*own_stdout);
    return;
  }
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (!is_live && (type == fs::file_type::regular || type == fs::file_type::not_found)) {
    RemoveAbandoned(fs::absolute(path).parent_path());
    temporary_ = TemporaryBeside(path);
  }
  stream_.reset(std::fopen((temporary_.empty() ? path : temporary_).c_str(), "wb"));
  if (stream_ == nullptr) {
    throw CannotWrite(path, errno);
  }
  if (!temporary_.empty()) {
    flock(fileno(stream_.get()), LOCK_EX);
  }
}

FrameWriter::~FrameWriter() {
  std::error_code error;
  if (!temporary_.empty()) {
    fs::remove(temporary_, error);
  }
}

void FrameWriter::Write(const void* frame, size_t size) {
  if (stream_ != nullptr &&
      (std::fwrite(frame, 1, size, stream_.get()) != size || std::fflush(stream_.get()) != 0)) {
    throw CannotWrite(path_, errno);
  }
}

void FrameWriter::Finish() {
  // Some file systems report a full disk only when the file is closed.
  if (stream_ != nullptr && std::fclose(stream_.release()) != 0) {
    throw CannotWrite(path_, errno);
  }
  if (!temporary_.empty() && std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw CannotWrite(path_, errno);
  }
  temporary_.clear();
}

}  // namespace matting
