// Videos of raw frames, one after the other, in files, pipes or the standard streams ("-").
#ifndef ASCEND_INFER_RAW_FRAMES_H_
#define ASCEND_INFER_RAW_FRAMES_H_

#include <cstdio>
#include <filesystem>
#include <memory>

#include "raster.h"

namespace matting {

// What the bytes of a frame mean.
struct FrameKind {
  bool is_nv21;  // otherwise RGB, 3 bytes a pixel
  int height, width;

  size_t Size() const;
  Picture ToRgb(const std::vector<uint8_t>& frame) const;
  std::vector<uint8_t> FromRgb(const Picture& colours) const;
};

using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

class FrameReader {
 public:
  // Throws Error if the file cannot be read, or does not hold whole frames.
  FrameReader(const std::filesystem::path& path, const FrameKind& kind);

  // Number of frames; 0 where that is not known.
  size_t count() const { return count_; }

  // Reads the next frame; false at the end, or when a signal asks to stop. Throws Error if a frame is not whole.
  bool Read(std::vector<uint8_t>* frame);

 private:
  std::filesystem::path path_;
  Stream stream_;
  size_t size_;
  size_t count_ = 0;
  size_t done_ = 0;
};

class FrameWriter {
 public:
  // Writes nothing if the path is empty, and to `own_stdout` if it is "-". Unless frames come from a live stream, whose
  // length nobody knows, a file gets its name in Finish, when it is whole. Throws Error if it cannot be written.
  FrameWriter(const std::filesystem::path& path, bool is_live, Stream* own_stdout);
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  // Hands a frame on at once. Throws Error.
  void Write(const void* frame, size_t size);

  // After the last frame. Throws Error.
  void Finish();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty: none, or it has got its name
  Stream stream_;
};

}  // namespace matting

#endif  // ASCEND_INFER_RAW_FRAMES_H_
