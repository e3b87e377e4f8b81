// What a photo's file holds.
#ifndef ASCEND_INFER_DECODED_PHOTO_H_
#define ASCEND_INFER_DECODED_PHOTO_H_

#include "raster.h"
#include "tensor_files.h"

namespace matting {

struct DecodedPhoto {
  Picture colours;  // RGB
  Picture alpha;    // empty: opaque
  Bytes exif;       // from its byte order mark on; empty: none
  Bytes xmp;        // XML; empty: none
  Bytes profile;    // ICC colour profile; empty: none
};

constexpr int64_t kMostPixels = 178956970;  // as many as Pillow reads

}  // namespace matting

#endif  // ASCEND_INFER_DECODED_PHOTO_H_
