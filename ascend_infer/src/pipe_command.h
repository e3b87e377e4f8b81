// The runner's way with --pipe: arrays in, arrays out, for src/engines/lite.py.
#ifndef ASCEND_INFER_PIPE_COMMAND_H_
#define ASCEND_INFER_PIPE_COMMAND_H_

#include "arguments.h"

namespace matting {

// Runs the network on all that comes on stdin, the raw values of its inputs one after the other, until stdin ends.
//
// Writes to stdout a line of text, "shm_infer", the inputs' shapes and the outputs', such as
//   shm_infer 1,3,320,320 1,3,320,320 1,1,320,320
//   shm_infer uint8:1,384,384,3;1,1,384,384 1,1,384,384
// (float32 unless said), and then for each run the raw values of all outputs. Returns the exit status. Throws Error.
int RunPipe(const Arguments& arguments);

}  // namespace matting

#endif  // ASCEND_INFER_PIPE_COMMAND_H_
