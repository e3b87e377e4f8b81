// In the place of photo_command.cc where libjpeg or libpng is missing.
#include "photo_command.h"

namespace matting {

int RunPhotos(const Arguments&) {
  throw Error("--photos: this runner was built without libjpeg or libpng; install both with their headers (Debian, "
              "Ubuntu: apt install libjpeg-dev libpng-dev), and build it again");
}

}  // namespace matting
