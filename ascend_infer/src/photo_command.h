// The runner's way with --photos.
#ifndef ASCEND_INFER_PHOTO_COMMAND_H_
#define ASCEND_INFER_PHOTO_COMMAND_H_

#include "arguments.h"

namespace matting {

// Mattes the photos of a folder and reports. Returns the exit status. Throws Error.
int RunPhotos(const Arguments& arguments);

}  // namespace matting

#endif  // ASCEND_INFER_PHOTO_COMMAND_H_
