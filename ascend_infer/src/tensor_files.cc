#include "tensor_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace matting {
namespace fs = std::filesystem;

namespace {

constexpr char kTemporaryPrefix[] = ".partial-";
constexpr std::chrono::hours kLongestPause(24);  // between writes to a temporary file

std::string Reason(int error) { return std::strerror(error); }

// Closes the descriptor at the end of its scope.
class File {
 public:
  File(const fs::path& path, int flags) : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~File() { Close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool IsOpen() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  // Some file systems report a full disk only when the file is closed.
  bool Close() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor < 0 || close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

bool WriteAll(int descriptor, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(descriptor, data, size);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? EIO : errno;
      return false;
    }
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

// Reads a file to its end, or `size` bytes of it, to where `bytes` were before. Throws InputError.
Bytes ReadUpTo(const fs::path& path, size_t size, Bytes bytes) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type != fs::file_type::regular && type != fs::file_type::not_found) {  // reading a pipe could block forever
    throw InputError(path.string() + ": cannot be read: not a file");
  }
  const File file(path, O_RDONLY);
  if (!file.IsOpen()) {
    throw InputError(path.string() + ": cannot be read: " + Reason(errno));
  }
  bytes.resize(size);
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = read(file.descriptor(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw InputError(path.string() + ": cannot be read: " + Reason(errno));
    }
    if (count == 0) {
      break;
    }
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

fs::path OutputPath(const fs::path& folder, const std::string& name, size_t number) {
  return folder / (name + "_" + std::to_string(number) + ".bin");
}

bool IsTemporary(const std::string& name) {
  return name.rfind(kTemporaryPrefix, 0) == 0 &&
         name.find_first_not_of("0123456789-", sizeof(kTemporaryPrefix) - 1) == std::string::npos;
}

bool IsInput(const fs::path& path) {
  return path.extension() == ".bin" && path.filename().string().front() != '.';
}

}  // namespace

std::vector<fs::path> ListInputs(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (IsInput(entry->path())) {
      paths.push_back(entry->path());
    }
  }
  if (error) {
    throw Error(folder.string() + ": cannot be read: " + error.message() + "; run preprocess.py first");
  }
  if (paths.empty()) {
    throw Error(folder.string() + ": contains no .bin files; run preprocess.py first");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Bytes ReadInput(const fs::path& path, size_t size, Bytes room) {
  Bytes bytes = ReadUpTo(path, size + 1, std::move(room));  // one extra byte, to detect a file that is too long
  if (bytes.size() != size) {
    const std::string found = bytes.size() < size ? std::to_string(bytes.size()) : "more than " + std::to_string(size);
    throw InputError(path.string() + ": has " + found + " bytes, but the network's input has " +
                     std::to_string(size) + "; infer.size and export.size must be equal");
  }
  return bytes;
}

Bytes ReadWhole(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return ReadUpTo(path, error ? 0 : size, {});  // which reports why, if it has no size
}

void PrepareOutput(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(folder.string() + ": cannot be created: " + error.message());
  }
  const fs::path probe = folder / (kTemporaryPrefix + std::string("probe"));
  WriteWhole(probe, "", 0);
  fs::remove(probe, error);
  RemoveAbandoned(folder);
}

void RemoveAbandoned(const fs::path& folder) {
  const auto recent = fs::file_time_type::clock::now() - kLongestPause;
  std::error_code error, ignored;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (IsTemporary(path.filename().string()) && entry->last_write_time(ignored) < recent) {
      const File file(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
      if (file.IsOpen() && flock(file.descriptor(), LOCK_EX | LOCK_NB) == 0) {
        unlink(path.c_str());
      }
    }
  }
}

void WriteWhole(const fs::path& path, const char* data, size_t size) {
  const fs::path temporary = TemporaryBeside(path);
  File file(temporary, O_WRONLY);
  if (file.IsOpen()) {
    flock(file.descriptor(), LOCK_EX);
  }
  const bool done = file.IsOpen() && WriteAll(file.descriptor(), data, size) && file.Close() &&
                    std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!done) {
    const int failure = errno;
    unlink(temporary.c_str());
    throw CannotWrite(path, failure);
  }
}

Error CannotWrite(const fs::path& path, int failure) {
  const std::string remedy = failure == ENOSPC || failure == EDQUOT ? "; make room" : "";
  return Error(path.string() + ": cannot be written: " + Reason(failure) + remedy);
}

fs::path TemporaryBeside(const fs::path& path) {
  // Short, because the result's name may already have the maximum length. Processes on several machines, or in several
  // containers, may have the same number.
  const std::string prefix = kTemporaryPrefix + std::to_string(getpid()) + "-";
  for (int number = 0;; ++number) {
    const fs::path temporary = path.parent_path() / (prefix + std::to_string(number));
    if (File(temporary, O_WRONLY | O_CREAT | O_EXCL).IsOpen()) {
      return temporary;
    }
    if (errno != EEXIST) {
      throw CannotWrite(path, errno);
    }
  }
}

void RemoveOutputs(const fs::path& folder, const std::string& name, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const fs::path path = OutputPath(folder, name, i);
    std::error_code error;
    fs::remove(path, error);
    if (error) {
      throw Error(path.string() + ": cannot be removed: " + error.message());
    }
  }
}

void WriteOutputs(const fs::path& folder, const std::string& name, const std::vector<Bytes>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    WriteWhole(OutputPath(folder, name, i), outputs[i].data(), outputs[i].size());
  }
}

}  // namespace matting
