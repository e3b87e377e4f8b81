// Where the map of a part of a photo lies in a map of the whole, and how it passes into what is around it, as
// src/inference/map_place.py does.
#ifndef ASCEND_INFER_MAP_PLACE_H_
#define ASCEND_INFER_MAP_PLACE_H_

#include "letterbox.h"
#include "raster.h"

namespace matting {

struct MapPlace {
  Size size;      // of a map of the whole photo that is as fine
  int top, left;  // of the part's map in it
  Map weights;    // of the part's map: 1, but falling towards ends that are no edges of the photo
};

// Where a map of a part lies; weights fall within `down_reach` rows and `across_reach` columns.
MapPlace FindMapPlace(const Picture& photo, const Place& part, const Map& map, double down_reach, double across_reach);

}  // namespace matting

#endif  // ASCEND_INFER_MAP_PLACE_H_
