// The plate of a photo, the same place without the person: found and made to fit as src/plates does.
#ifndef ASCEND_INFER_PLATES_H_
#define ASCEND_INFER_PLATES_H_

#include <filesystem>
#include <string>

#include "photo_jobs.h"
#include "raster.h"

namespace matting {

// Sets the plate of each photo that is to be matted: a file for all, or the file in a folder that has the photo's path
// below `photos`, but for the suffix. Photos that are a plate are no jobs; those without are problems. Throws Error if
// there is no plate.
void FindPlates(const std::filesystem::path& plates, const std::filesystem::path& photos, PhotoJobs* jobs);

// A plate at its photo's size, RGB. Throws InputError if it cannot be read or has another shape.
Picture ReadPlate(const std::filesystem::path& path, const Picture& photo);

// Why a plate does not fit its photo, by the upper border and the upper halves of the sides; "" if it does.
std::string Complaint(const Picture& photo, const Picture& plate);

}  // namespace matting

#endif  // ASCEND_INFER_PLATES_H_
