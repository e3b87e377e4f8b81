#include "plates.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "photo_file.h"
#include "resize.h"
#include "tensor_files.h"

namespace matting {
namespace fs = std::filesystem;

namespace {

constexpr double kLargestStretch = 0.01;  // of the aspect ratio
constexpr int kGlance = 96;               // side of the small copies that are compared
constexpr int kBorder = 6;                // pixels of them
constexpr int kMostUnlike = 3 * 30;       // median difference along the border, of three channels together

fs::path NameOf(const fs::path& path, const fs::path& folder) {
  return path.lexically_relative(folder).replace_extension();
}

std::string SizeText(const Picture& picture) {
  return std::to_string(picture.width) + "x" + std::to_string(picture.height);
}

}  // namespace

void FindPlates(const fs::path& plates, const fs::path& photos, PhotoJobs* jobs) {
  std::map<fs::path, fs::path> by_name;  // of a folder of plates
  std::set<fs::path> all;
  std::error_code error;
  const bool is_folder = fs::is_directory(plates, error);
  if (is_folder) {
    for (const fs::path& path : PhotosBelow(plates)) {
      by_name[NameOf(path, plates)] = path;
      all.insert(fs::canonical(path));
    }
  } else if (fs::exists(plates, error)) {
    all.insert(fs::canonical(plates));
  } else {
    throw Error(plates.string() + ": no such plate; name a photo of the place without the person");
  }
  std::vector<PhotoJob> todo;
  for (PhotoJob& job : jobs->todo) {
    if (all.count(fs::canonical(job.source)) > 0) {
      continue;
    }
    const auto found = by_name.find(NameOf(job.source, photos));
    if (is_folder && found == by_name.end()) {
      jobs->problems.push_back(job.source.string() + ": " + plates.string() + " holds no plate of this name");
      continue;
    }
    job.plate = is_folder ? found->second : plates;
    todo.push_back(std::move(job));
  }
  jobs->todo = std::move(todo);
}

Picture ReadPlate(const fs::path& path, const Picture& photo) {
  Picture plate = ReadPhoto(path).colours;
  const auto fits = [&](int height, int width) {
    const double stretch = static_cast<double>(plate.width) * height / (static_cast<double>(plate.height) * width);
    return std::abs(stretch - 1) <= kLargestStretch;
  };
  if (!fits(photo.height, photo.width)) {
    const bool is_turned = fits(photo.width, photo.height);
    throw InputError(path.string() + ": the plate is " + SizeText(plate) + ", but the photo is " + SizeText(photo) +
                     (is_turned ? ": one of them is turned" : ": a plate has the shape of its photo") +
                     "; take both with the same camera, held alike");
  }
  return Resize(plate, photo.height, photo.width);
}

bool IsUnlike(const Picture& photo, const Picture& plate) {
  const Picture one = Resize(photo, kGlance, kGlance), other = Resize(plate, kGlance, kGlance);
  std::vector<int> differences;
  for (int y = 0; y < kGlance / 2; ++y) {
    for (int x = 0; x < kGlance; ++x) {
      if (y >= kBorder && x >= kBorder && x < kGlance - kBorder) {
        continue;
      }
      int sum = 0;
      for (int c = 0; c < 3; ++c) {
        sum += std::abs(one.Row(y)[3 * x + c] - other.Row(y)[3 * x + c]);
      }
      differences.push_back(sum);
    }
  }
  const auto middle = differences.begin() + differences.size() / 2;
  std::nth_element(differences.begin(), middle, differences.end());
  return *middle > kMostUnlike;
}

}  // namespace matting
