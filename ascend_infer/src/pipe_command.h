// The runner's way with --pipe: arrays in, arrays out, for src/inference/lite.py.
#ifndef ASCEND_INFER_PIPE_COMMAND_H_
#define ASCEND_INFER_PIPE_COMMAND_H_

#include "arguments.h"

namespace matting {

// Runs the network on every input that comes on stdin, its raw values, until stdin ends.
//
// Writes to stdout a line of text, "shm_infer", the input's shape and the outputs', such as
//   shm_infer 1,3,320,320 1,3,320,320 1,1,320,320
// and for each input the raw values of all outputs. Returns the exit status. Throws Error.
int RunPipe(const Arguments& arguments);

}  // namespace matting

#endif  // ASCEND_INFER_PIPE_COMMAND_H_
