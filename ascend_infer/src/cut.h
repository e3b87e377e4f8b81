// Finds cuts in a video: two frames in a row that show different scenes, as src/streams/cut.py does.
#ifndef ASCEND_INFER_CUT_H_
#define ASCEND_INFER_CUT_H_

#include <array>

#include "raster.h"

namespace matting {

// What is remembered of a frame to find out whether the next one belongs to the same scene.
struct Glance {
  Picture small;
  std::array<int, 16> histogram;  // pixels by luma
};

Glance GlanceAt(const Picture& frame);

// Whether there is a cut between two frames: both their pixels and their histograms differ much.
bool IsCut(const Glance& before, const Glance& after);

}  // namespace matting

#endif  // ASCEND_INFER_CUT_H_
