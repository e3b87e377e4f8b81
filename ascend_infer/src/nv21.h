// NV21, the format of cameras: the luma of every pixel, then a pair V, U for every 2x2 pixels; BT.601, video range.
//
// Both directions compute what OpenCV's COLOR_YUV2RGB_NV21 and COLOR_RGB2YUV_I420 compute, to the bit: a block's
// chroma is that of its first pixel.
#ifndef ASCEND_INFER_NV21_H_
#define ASCEND_INFER_NV21_H_

#include "raster.h"

namespace matting {

// Size in bytes; height and width are even.
size_t Nv21Size(int height, int width);

// Converts a frame of Nv21Size bytes to RGB.
Picture Nv21ToRgb(const uint8_t* frame, int height, int width);

// Converts RGB to a frame of Nv21Size bytes.
std::vector<uint8_t> RgbToNv21(const Picture& colours);

}  // namespace matting

#endif  // ASCEND_INFER_NV21_H_
