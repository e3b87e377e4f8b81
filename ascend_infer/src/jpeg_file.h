// Decodes JPEG files with libjpeg.
#ifndef ASCEND_INFER_JPEG_FILE_H_
#define ASCEND_INFER_JPEG_FILE_H_

#include "decoded_photo.h"

namespace matting {

// Throws Error, with the reason alone, if the file is damaged or not complete.
DecodedPhoto DecodeJpeg(const Bytes& content);

}  // namespace matting

#endif  // ASCEND_INFER_JPEG_FILE_H_
