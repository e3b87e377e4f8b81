// The runner's way with --video.
#ifndef ASCEND_INFER_VIDEO_COMMAND_H_
#define ASCEND_INFER_VIDEO_COMMAND_H_

#include "arguments.h"

namespace matting {

// Mattes and composites a video of raw frames, and reports. Returns the exit status. Throws Error.
int RunVideo(const Arguments& arguments);

}  // namespace matting

#endif  // ASCEND_INFER_VIDEO_COMMAND_H_
