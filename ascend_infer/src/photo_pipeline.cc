#include "photo_pipeline.h"

#include <algorithm>
#include <future>
#include <new>

#include "png_file.h"
#include "progress.h"
#include "stop.h"
#include "tensor_files.h"
#include "timing.h"

namespace matting {

namespace {

struct Loaded {
  Photo photo;
  Prepared prepared;
  double read, prepare;  // milliseconds
};

Loaded Load(const Matting& matting, const PhotoJob& job) {
  try {
    const Stopwatch reading;
    Photo photo = ReadPhoto(job.source);
    const double read = reading.Milliseconds();
    const Stopwatch preparing;
    Prepared prepared = matting.Prepare(job, photo);
    return {std::move(photo), std::move(prepared), read, preparing.Milliseconds()};
  } catch (const std::bad_alloc&) {
    throw InputError(job.source.string() + ": cannot be matted: not enough memory");
  }
}

struct Finished {
  double finish, write;  // milliseconds
};

Finished FinishAndWrite(const Matting& matting, const PhotoJob& job, const Loaded& loaded,
                        const Map& network_alpha) {
  const Stopwatch finishing;
  Picture alpha = matting.Finish(loaded.photo, loaded.prepared, network_alpha);
  const Picture& own = loaded.photo.alpha;
  std::transform(own.values.begin(), own.values.end(), alpha.values.begin(), alpha.values.begin(),
                 [](uint8_t one, uint8_t other) { return std::min(one, other); });
  const double finish = finishing.Milliseconds();
  const Stopwatch writing;
  const Bytes encoded = EncodePng(alpha);
  std::error_code error;  // which writing the file reports as well
  std::filesystem::create_directories(job.target.parent_path(), error);
  WriteWhole(job.target, encoded.data(), encoded.size());
  return {finish, writing.Milliseconds()};
}

}  // namespace

PhotoResult RunPhotoPipeline(const Matting& matting, const std::vector<PhotoJob>& jobs) {
  PhotoResult result;
  StageTimes& times = result.times;
  const Stopwatch total;
  Progress progress(jobs.size());
  const auto start_loading = [&](const PhotoJob& job) {
    return std::async(std::launch::async, [&matting, &job] { return Load(matting, job); });
  };
  std::future<Finished> finishing;
  const auto wait_for_last = [&] {
    if (finishing.valid()) {
      const Finished finished = finishing.get();
      times.finish.push_back(finished.finish);
      times.write.push_back(finished.write);
    }
  };
  std::future<Loaded> loading = start_loading(jobs.front());
  for (size_t i = 0; i < jobs.size() && StopSignal() == 0; ++i) {
    std::future<Loaded> current = std::move(loading);
    if (i + 1 < jobs.size()) {
      loading = start_loading(jobs[i + 1]);
    }
    try {
      Loaded loaded = current.get();
      times.read.push_back(loaded.read);
      times.prepare.push_back(loaded.prepare);
      if (!loaded.photo.remark.empty()) {
        result.remarks.push_back(loaded.photo.remark);
      }
      const std::vector<std::string>& remarks = loaded.prepared.remarks;
      result.remarks.insert(result.remarks.end(), remarks.begin(), remarks.end());
      const Stopwatch run;
      Map network_alpha = matting.Run(loaded.photo, loaded.prepared);
      times.network.push_back(run.Milliseconds());
      wait_for_last();
      finishing = std::async(std::launch::async, [&matting, &job = jobs[i], loaded = std::move(loaded),
                                                  network_alpha = std::move(network_alpha)] {
        return FinishAndWrite(matting, job, loaded, network_alpha);
      });
    } catch (const InputError& error) {
      result.skipped.push_back(error.what());
    }
    progress.Show(i + 1);
  }
  wait_for_last();
  result.total_milliseconds = total.Milliseconds();
  return result;
}

}  // namespace matting
