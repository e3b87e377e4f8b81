// Upsamples alpha to the photo's size along the photo's edges, as src/inference/guided_filter.py does.
//
// He and Sun, Fast Guided Filter, arXiv:1505.00996: within every window, alpha is a linear function of colour, whose
// coefficients are computed at low resolution and enlarged.
#ifndef ASCEND_INFER_GUIDED_FILTER_H_
#define ASCEND_INFER_GUIDED_FILTER_H_

#include "raster.h"

namespace matting {

// Alpha of the photo, rounded to 0..255. `small` is the photo at the size of `alpha`, averaged.
Picture GuidedFilter(const Picture& photo, const Picture& small, const Map& alpha);

}  // namespace matting

#endif  // ASCEND_INFER_GUIDED_FILTER_H_
