#include "plates.h"

#include <algorithm>
#include <cmath>
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
constexpr float kDarkest = 8, kBrightest = 247;  // between which values tell the light
constexpr float kMostUnlike = 30;         // median difference along the border
constexpr float kMostLight = 0.15f;       // by which a plate may be brighter or darker

fs::path NameOf(const fs::path& path, const fs::path& folder) {
  return path.lexically_relative(folder).replace_extension();
}

// The pixels along the upper border and the upper halves of the sides, of a small copy.
std::vector<float> Border(const Picture& picture) {
  const Picture small = Resize(picture, kGlance, kGlance);
  std::vector<float> values;
  for (int y = 0; y < kGlance / 2; ++y) {
    for (int x = 0; x < kGlance; ++x) {
      if (y < kBorder || x < kBorder || x >= kGlance - kBorder) {
        values.insert(values.end(), small.Row(y) + 3 * x, small.Row(y) + 3 * x + 3);
      }
    }
  }
  return values;
}

float Median(std::vector<float>* values) {
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  return *middle;
}

// The median difference of the pixels of a photo and of its plate, this in another light.
float Difference(const std::vector<float>& photo, const std::vector<float>& plate, float light) {
  std::vector<float> differences;
  for (size_t i = 0; i < photo.size(); i += 3) {
    float sum = 0;
    for (size_t c = i; c < i + 3; ++c) {
      sum += std::abs(photo[c] - std::min(255.0f, plate[c] / light));
    }
    differences.push_back(sum / 3);
  }
  return Median(&differences);
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

std::string Complaint(const Picture& photo, const Picture& plate) {
  const std::vector<float> one = Border(photo), other = Border(plate);
  std::vector<float> ratios;
  for (size_t i = 0; i < one.size(); ++i) {
    if (std::min(one[i], other[i]) > kDarkest && std::max(one[i], other[i]) < kBrightest) {
      ratios.push_back(other[i] / one[i]);
    }
  }
  const float light = ratios.empty() ? 1 : Median(&ratios);
  if (Difference(one, other, 1) > kMostUnlike && Difference(one, other, light) > kMostUnlike) {
    return "looks like another place, even at its border; a plate is the same place without the person";
  }
  if (std::abs(light - 1) <= kMostLight) {
    return "";
  }
  return "is " + std::to_string(std::lrint(100 * std::abs(light - 1))) + "% " + (light > 1 ? "brighter" : "darker") +
         " than the photo; predict.py --match-exposure gives it that light";
}

}  // namespace matting
