// The times of a video's stages, and how they are reported.
#ifndef ASCEND_INFER_VIDEO_TIMES_H_
#define ASCEND_INFER_VIDEO_TIMES_H_

#include <string>

#include "timing.h"

namespace matting {

// Milliseconds of each frame, by stage.
struct VideoTimes {
  RecentValues conversion, resize, network, compositing, conversion_back;
  RecentValues whole;  // from when the frame has been read to when its composite is written
  double total = 0;    // of all frames
};

// Formats the statistics of at least one frame.
std::string StageReport(const VideoTimes& times, int cuts);

}  // namespace matting

#endif  // ASCEND_INFER_VIDEO_TIMES_H_
