// The runner's way with --input.
#ifndef ASCEND_INFER_FILE_COMMAND_H_
#define ASCEND_INFER_FILE_COMMAND_H_

#include "arguments.h"

namespace matting {

// Runs the network on the input files of a folder and reports. Returns the exit status. Throws Error.
int RunFiles(const Arguments& arguments);

}  // namespace matting

#endif  // ASCEND_INFER_FILE_COMMAND_H_
