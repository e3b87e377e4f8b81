// The description of a model that export.py writes into a MINDIR, as src/engines/embedded_info.py reads it.
#ifndef ASCEND_INFER_MODEL_INFO_H_
#define ASCEND_INFER_MODEL_INFO_H_

#include <filesystem>

#include "letterbox.h"

namespace matting {

// The mean that was subtracted from photos in the model's training. Throws Error if the file does not state it.
Mean ReadMean(const std::filesystem::path& model);

}  // namespace matting

#endif  // ASCEND_INFER_MODEL_INFO_H_
