// A closer look at people who are small in a photo: the part around them is matted again, a tall one in two parts, as
// src/inference/closer_look.py does.
#ifndef ASCEND_INFER_CLOSER_LOOK_H_
#define ASCEND_INFER_CLOSER_LOOK_H_

#include <vector>

#include "letterbox.h"
#include "raster.h"

namespace matting {

constexpr float kPerson = 0.5f;  // least alpha

// What to look at more closely.
struct Look {
  Place region;              // around all people, or the whole photo
  std::vector<Place> parts;  // the region, or its upper and lower part; none where nothing more would be seen
};

// Finds what is worth a closer look, given alpha of the whole photo.
Look FindLook(const Picture& photo, const Map& alpha);

// Joins alpha of the whole photo and of its parts, which pass into each other; as fine as that of the parts.
Map Joined(const Picture& photo, const Look& look, const Map& whole, const std::vector<Map>& parts);

}  // namespace matting

#endif  // ASCEND_INFER_CLOSER_LOOK_H_
