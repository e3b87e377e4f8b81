// Mattes photos from files to files, reading the next one and finishing the last one meanwhile.
#ifndef ASCEND_INFER_PHOTO_PIPELINE_H_
#define ASCEND_INFER_PHOTO_PIPELINE_H_

#include <string>
#include <vector>

#include "matting.h"
#include "photo_jobs.h"

namespace matting {

// Milliseconds of each photo. The network includes the mirror image; reading includes turning upright.
struct StageTimes {
  std::vector<double> read, prepare, network, finish, write;
};

struct PhotoResult {
  StageTimes times;
  double total_milliseconds = 0;     // from reading the first photo to writing the last result
  std::vector<std::string> skipped;  // one line per photo that could not be used
  std::vector<std::string> remarks;  // what the user should know of other photos
};

// Ends early if a signal asks for it. Throws Error if a result cannot be written or the network fails.
PhotoResult RunPhotoPipeline(const Matting& matting, const std::vector<PhotoJob>& jobs);

}  // namespace matting

#endif  // ASCEND_INFER_PHOTO_PIPELINE_H_
