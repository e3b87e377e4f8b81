// Photos, JPEG or PNG, as they are to be seen: upright, in 8 bits, and over white where they are transparent.
#ifndef ASCEND_INFER_PHOTO_FILE_H_
#define ASCEND_INFER_PHOTO_FILE_H_

#include <filesystem>
#include <string>

#include "raster.h"

namespace matting {

struct Photo {
  Picture colours;     // RGB
  Picture alpha;       // of a photo that has alpha itself; otherwise empty
  std::string remark;  // what the user should know, or empty
};

// Reads a photo; its content decides on the format. Throws InputError if that is no complete JPEG or PNG.
Photo ReadPhoto(const std::filesystem::path& path);

}  // namespace matting

#endif  // ASCEND_INFER_PHOTO_FILE_H_
