// Decodes and encodes PNG files with libpng.
#ifndef ASCEND_INFER_PNG_FILE_H_
#define ASCEND_INFER_PNG_FILE_H_

#include "decoded_photo.h"

namespace matting {

// Throws Error, with the reason alone, if the file is damaged or not complete.
DecodedPhoto DecodePng(const Bytes& content);

// Encodes a picture of one channel, as fast as OpenCV by default.
Bytes EncodePng(const Picture& gray);

}  // namespace matting

#endif  // ASCEND_INFER_PNG_FILE_H_
