#include "photo_jobs.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <map>
#include <set>

#include "errors.h"

namespace matting {
namespace fs = std::filesystem;

namespace {

constexpr size_t kLongestName = 255;  // of a file, in bytes

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// By which predict.py knows photos and videos, as src/images/suffixes.py and src/videos/kinds.py say; each ends in a blank.
constexpr char kKnownSuffixes[] =
    ".heic .heics .heif .heifs .hif .jpg .jpeg .jpe .jfif .mpo .png .apng .webp .tif .tiff .bmp .dib "
    ".avif .avifs .gif .jp2 .j2k .j2c .jpc .jpf .jpx .psd .qoi .ico .pbm .pgm .ppm .pnm .pfm .tga .icb "
    ".vda .vst .pcx .dcx .cur .dds .sgi .rgb .rgba .bw .ras .pcd .pxr .im .msp .xbm .xpm .fit .fits .icns "
    ".fli .flc .blp .ftc .ftu .gbr .mp4 .m4v .mov .qt .3gp .3g2 .f4v .mkv .mk3d .webm .avi .divx .mpg "
    ".mpeg .mpe .m1v .m2v .mpv .vob .ts .m2ts .mts .m2t .tod .flv .wmv .asf .ogv .ogm .mxf .dv .rm .rmvb "
    ".wtv .nut .ivf .y4m .mjpg .mjpeg .h264 .264 .avc .h265 .265 .hevc .obu .amv .nsv .gxf ";

bool HasKnownSuffix(const fs::path& path) {
  const std::string suffix = Lower(path.extension().string());
  return !suffix.empty() && std::string(kKnownSuffixes).find(suffix + " ") != std::string::npos;
}

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.front() == '.' || Lower(name) == "thumbs.db" || Lower(name) == "desktop.ini";
}

bool IsPhoto(const fs::path& path) {
  static const std::set<std::string> kSuffixes = {".jpg", ".jpeg", ".jpe", ".jfif", ".png"};
  return kSuffixes.count(Lower(path.extension().string())) > 0;
}

// Collects photos below a folder; links are followed, but each real folder is searched once: under its own path if that
// lies below the folder, otherwise through a link.
class Search {
 public:
  explicit Search(std::vector<std::string>* problems) : problems_(problems) {}

  void All(const fs::path& folder) {
    Folder(folder);
    for (size_t i = 0; i < links_.size(); ++i) {
      Folder(fs::path(links_[i]));
    }
  }

  std::vector<fs::path>& photos() { return photos_; }

  // Files that are not read here, but that predict.py may read.
  const std::vector<fs::path>& others() const { return others_; }

 private:
  void Folder(const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (!error && !seen_.insert(real).second) {
      return;
    }
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      entries.push_back(entry->path());
    }
    if (error) {
      problems_->push_back(folder.string() + ": cannot be searched: " + error.message());
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (!IsHidden(entry)) {
        SortIn(entry);
      }
    }
  }

  void SortIn(const fs::path& path) {
    std::error_code error;
    switch (fs::status(path, error).type()) {
      case fs::file_type::directory:
        if (fs::is_symlink(path, error)) {
          links_.push_back(path);
        } else {
          Folder(path);
        }
        break;
      case fs::file_type::regular:
        if (IsPhoto(path)) {
          photos_.push_back(path);
        } else {
          others_.push_back(path);
          problems_->push_back(path.string() + ": only JPEG and PNG are read, by their suffixes");
        }
        break;
      case fs::file_type::not_found:
      case fs::file_type::none:
        problems_->push_back(path.string() + ": cannot be read: " + error.message());
        break;
      default:
        problems_->push_back(path.string() + ": is a pipe or device, not a file");
    }
  }

  std::vector<std::string>* problems_;
  std::set<fs::path> seen_;
  std::vector<fs::path> photos_, others_, links_;
};

// The name that a result was made of, of x_alpha.png x; empty if the name is not that of such a result.
std::string NameBefore(const std::string& ending, const std::string& name) {
  const size_t rest = name.size() - std::min(name.size(), ending.size());
  return name.substr(rest) == ending ? name.substr(0, rest) : "";
}

// Removes what is a result of an earlier run: x_alpha.png if there is a photo x, or x_cutout.png beside it.
void RemoveResults(std::vector<fs::path>* photos) {
  constexpr char kAlpha[] = "_alpha.png", kCutout[] = "_cutout.png", kComposite[] = "_composite.png";
  std::set<std::string> sources;
  for (const fs::path& path : *photos) {
    sources.insert({path.stem().string(), path.filename().string()});
  }
  const std::set<fs::path> all(photos->begin(), photos->end());
  const auto is_result = [&](const fs::path& path) {
    const auto is_of = [&](const char* ending, std::initializer_list<const char*> partners) {
      const std::string name = NameBefore(ending, path.filename().string());
      const auto is_beside = [&](const char* partner) { return all.count(path.parent_path() / (name + partner)) > 0; };
      return !name.empty() &&
             (sources.count(name) > 0 || std::any_of(partners.begin(), partners.end(), is_beside));
    };
    return is_of(kAlpha, {kCutout, kComposite}) || is_of(kCutout, {kAlpha}) || is_of(kComposite, {kAlpha});
  };
  photos->erase(std::remove_if(photos->begin(), photos->end(), is_result), photos->end());
}

}  // namespace

PhotoJobs FindPhotoJobs(const fs::path& photos, const fs::path& mattes, bool overwrite) {
  PhotoJobs jobs;
  Search search(&jobs.problems);
  search.All(photos);
  std::vector<fs::path>& found = search.photos();
  if (found.empty()) {
    throw Error(jobs.problems.empty() ? photos.string() + ": holds no photo, .jpg or .png" : jobs.problems.front());
  }
  RemoveResults(&found);
  // Photos and videos of one name, such as photo.jpg and photo.png, keep their suffixes in the results' names.
  const auto without_suffix = [&](const fs::path& path) {
    return mattes / path.lexically_relative(photos).replace_extension();
  };
  std::map<fs::path, int> counts;
  for (const fs::path& path : found) {
    ++counts[without_suffix(path)];
  }
  for (const fs::path& path : search.others()) {
    counts[without_suffix(path)] += HasKnownSuffix(path);
  }
  std::set<fs::path> targets;
  for (const fs::path& path : found) {
    const fs::path bare = without_suffix(path);
    const std::string name = (counts[bare] > 1 ? path : bare).filename().string() + "_alpha.png";
    const fs::path target = bare.parent_path() / name;
    std::error_code error;
    if (name.size() > kLongestName) {
      jobs.problems.push_back(path.string() + ": the name of its result would be too long");
    } else if (!targets.insert(target).second) {
      jobs.problems.push_back(path.string() + ": would have the same result as another photo, " + target.string());
    } else if (fs::is_directory(target, error)) {
      jobs.problems.push_back(path.string() + ": " + target.string() + " is in the way of its result");
    } else if (!overwrite && fs::exists(target, error)) {
      ++jobs.done;
    } else {
      jobs.todo.push_back({path, target, {}});
    }
  }
  return jobs;
}

std::vector<fs::path> PhotosBelow(const fs::path& folder) {
  std::vector<std::string> problems;
  Search search(&problems);
  search.All(folder);
  return std::move(search.photos());
}

}  // namespace matting
