// How a camera was held, from the photo's EXIF data.
#ifndef ASCEND_INFER_ORIENTATION_H_
#define ASCEND_INFER_ORIENTATION_H_

#include "raster.h"
#include "tensor_files.h"

namespace matting {

// The orientation, 1 (upright) to 8; 1 also where EXIF data does not state it or is damaged.
int ExifOrientation(const Bytes& exif);

// Turns and mirrors a picture of this orientation.
Picture Upright(Picture picture, int orientation);

}  // namespace matting

#endif  // ASCEND_INFER_ORIENTATION_H_
