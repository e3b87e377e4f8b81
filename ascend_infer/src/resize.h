// Resizing; every function computes what OpenCV's resize computes, to the bit for bytes.
#ifndef ASCEND_INFER_RESIZE_H_
#define ASCEND_INFER_RESIZE_H_

#include "raster.h"

namespace matting {

// Resizes without aliasing: sides that shrink by averaging, then sides that grow bilinearly.
Picture Resize(const Picture& picture, int height, int width);

// Resizes a map of one channel by bicubic interpolation.
Map ResizeCubic(const Map& map, int height, int width);

}  // namespace matting

#endif  // ASCEND_INFER_RESIZE_H_
