// In the place of photo_command.cc and photo_file.cc where libjpeg or libpng is missing.
#include "photo_command.h"
#include "photo_file.h"

namespace matting {

namespace {

constexpr char kReason[] = "this runner was built without libjpeg or libpng; install both with their headers (Debian, "
                           "Ubuntu: apt install libjpeg-dev libpng-dev), and build it again";

}  // namespace

int RunPhotos(const Arguments&) { throw Error(std::string("--photos: ") + kReason); }

Photo ReadPhoto(const std::filesystem::path& path) { throw Error(path.string() + ": " + kReason); }

}  // namespace matting
