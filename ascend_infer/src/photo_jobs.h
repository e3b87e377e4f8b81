// The photos in a folder, and where their mattes go, as src/prediction/jobs.py decides for predict.py.
#ifndef ASCEND_INFER_PHOTO_JOBS_H_
#define ASCEND_INFER_PHOTO_JOBS_H_

#include <filesystem>
#include <string>
#include <vector>

namespace matting {

struct PhotoJob {
  std::filesystem::path source;
  std::filesystem::path target;  // NAME_alpha.png
  std::filesystem::path plate;   // empty: none
};

struct PhotoJobs {
  std::vector<PhotoJob> todo;         // each folder sorted by name
  size_t done = 0;                    // how many have their results already
  std::vector<std::string> problems;  // one line for each file or folder that is left out
};

// Searches a folder to any depth, whose structure the results keep. Hidden files are passed over, and results of
// earlier runs among the photos are not matted. Throws Error if there is no photo.
PhotoJobs FindPhotoJobs(const std::filesystem::path& photos, const std::filesystem::path& mattes, bool overwrite);

// The photos below a folder, at any depth; none where it cannot be searched.
std::vector<std::filesystem::path> PhotosBelow(const std::filesystem::path& folder);

}  // namespace matting

#endif  // ASCEND_INFER_PHOTO_JOBS_H_
