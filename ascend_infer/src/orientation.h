// How a camera was held, from the photo's metadata.
#ifndef ASCEND_INFER_ORIENTATION_H_
#define ASCEND_INFER_ORIENTATION_H_

#include "raster.h"
#include "tensor_files.h"

namespace matting {

// The orientation, 1 (upright) to 8, by the EXIF data or, where this does not state it, by the XMP data; 1 also where
// neither does, or both are damaged.
int OrientationOf(const Bytes& exif, const Bytes& xmp);

// Turns and mirrors a picture of this orientation.
Picture Upright(Picture picture, int orientation);

}  // namespace matting

#endif  // ASCEND_INFER_ORIENTATION_H_
