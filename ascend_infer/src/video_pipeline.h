// Mattes and composites a video: while the network has a frame, the one before is composited and written.
#ifndef ASCEND_INFER_VIDEO_PIPELINE_H_
#define ASCEND_INFER_VIDEO_PIPELINE_H_

#include "frame_matting.h"
#include "raw_frames.h"
#include "video_times.h"

namespace matting {

// Where the results of a video go.
struct VideoOutputs {
  FrameWriter composites;  // in the format of the frames
  FrameWriter alphas;      // of the network, at its size, float32
};

// A frame is read once the network is free: none waits, so that `whole` is the delay of a camera's picture.
// Throws Error.
VideoTimes RunVideoPipeline(FrameMatting* matting, const FrameKind& kind, const Picture& background,
                            FrameReader* frames, VideoOutputs* outputs);

}  // namespace matting

#endif  // ASCEND_INFER_VIDEO_PIPELINE_H_
