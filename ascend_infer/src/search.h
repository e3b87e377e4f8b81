// A search for people who are too small to be seen in a whole photo: parts of it are matted by themselves, as
// src/inference/search.py does.
#ifndef ASCEND_INFER_SEARCH_H_
#define ASCEND_INFER_SEARCH_H_

#include <vector>

#include "letterbox.h"
#include "raster.h"

namespace matting {

// Finds the overlapping parts of a photo to search, given alpha of the whole; none where it shows somebody, or where
// they would show nothing more.
std::vector<Place> FindTiles(const Picture& photo, const Map& alpha);

// Joins alpha of the tiles; where they overlap, one counts the more the farther its edge is.
Map JoinedTiles(const Picture& photo, const std::vector<Place>& tiles, const std::vector<Map>& maps);

}  // namespace matting

#endif  // ASCEND_INFER_SEARCH_H_
