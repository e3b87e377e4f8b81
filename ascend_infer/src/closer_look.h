// A closer look at people from head to feet: tall photos are matted again in two parts, as src/inference/closer_look.py
// does.
#ifndef ASCEND_INFER_CLOSER_LOOK_H_
#define ASCEND_INFER_CLOSER_LOOK_H_

#include <array>

#include "raster.h"

namespace matting {

bool IsTall(const Picture& photo);

// Whether a person is so small that parts show more, given alpha of the whole photo.
bool IsSmall(const Map& alpha);

// The upper and the lower part of a tall photo, which overlap, of equal size.
std::array<Picture, 2> Parts(const Picture& photo);

// Joins alpha of both parts of a photo; they pass into each other where they overlap.
Map Joined(const Picture& photo, const Map& upper, const Map& lower);

}  // namespace matting

#endif  // ASCEND_INFER_CLOSER_LOOK_H_
