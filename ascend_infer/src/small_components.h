// Removes small parts of alpha apart from the person, as src/inference/small_components.py does.
#ifndef ASCEND_INFER_SMALL_COMPONENTS_H_
#define ASCEND_INFER_SMALL_COMPONENTS_H_

#include "raster.h"

namespace matting {

// Sets the parts that are small compared with the largest one to 0; several people are kept.
void RemoveSmallComponents(Map* alpha);

}  // namespace matting

#endif  // ASCEND_INFER_SMALL_COMPONENTS_H_
