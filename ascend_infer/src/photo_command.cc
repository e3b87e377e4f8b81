#include "photo_command.h"

#include <iomanip>
#include <iostream>
#include <numeric>
#include <set>
#include <sstream>

#include "model_info.h"
#include "open_session.h"
#include "photo_matting.h"
#include "photo_pipeline.h"
#include "plate_matting.h"
#include "plates.h"
#include "stop.h"
#include "timing.h"

namespace matting {

namespace {

std::string StageReport(const PhotoResult& result) {
  const StageTimes& times = result.times;
  std::ostringstream text;
  text << std::fixed << std::setprecision(1);
  text << "medians of " << times.network.size() << " photos:";
  const char* separator = " ";
  for (const auto& [stage, values] : {std::pair("read", &times.read), {"prepare", &times.prepare},
                                      {"network", &times.network}, {"finish", &times.finish},
                                      {"write", &times.write}}) {
    text << separator << stage << " " << Summarise(*values).median << " ms";
    separator = ", ";
  }
  const double network = std::accumulate(times.network.begin(), times.network.end(), 0.0);
  text << "\nwhole: " << result.total_milliseconds << " ms, network: " << network << " ms, ratio "
       << std::setprecision(3) << result.total_milliseconds / network << "\n";
  return text.str();
}

}  // namespace

int RunPhotos(const Arguments& arguments) {
  const bool takes_plates = !arguments.plates.empty();
  const Mean mean = takes_plates ? Mean() : ReadMean(arguments.model);
  PhotoJobs jobs = FindPhotoJobs(arguments.photos, arguments.mattes, arguments.overwrite);
  if (takes_plates) {
    FindPlates(arguments.plates, arguments.photos, &jobs);
  }
  PrepareOutput(arguments.mattes);
  size_t left_out = jobs.problems.size();
  for (const std::string& problem : jobs.problems) {
    std::cout << "skipped: " << problem << "\n";
  }
  if (jobs.done > 0) {
    std::cout << jobs.done << " have their results already; --overwrite makes them again\n";
  }
  std::set<std::filesystem::path> folders;
  for (const PhotoJob& job : jobs.todo) {
    if (folders.insert(job.target.parent_path()).second) {
      RemoveAbandoned(job.target.parent_path());
    }
  }
  if (!jobs.todo.empty()) {
    HandleStopSignals();
    const std::unique_ptr<Session> session = OpenSession(arguments);
    std::unique_ptr<Matting> matting;
    if (takes_plates) {
      matting = std::make_unique<PlateMatting>(session.get());
    } else {
      matting = std::make_unique<PhotoMatting>(session.get(), mean);
    }
    const PhotoResult result = RunPhotoPipeline(*matting, jobs.todo);
    left_out += result.skipped.size();
    for (const std::string& reason : result.skipped) {
      std::cout << "skipped: " << reason << "\n";
    }
    for (const std::string& remark : result.remarks) {
      std::cout << remark << "\n";
    }
    if (!result.times.network.empty()) {
      const std::string report = StageReport(result);
      std::cout << report;
      WriteTimes(arguments, report);
    }
    if (StopSignal() != 0) {
      std::cerr << "stopped; the results so far are kept, and the same command goes on\n";
      return kStopped + StopSignal();
    }
  }
  std::cout << std::flush;
  if (left_out > 0) {
    std::cerr << "error: " << left_out << " files were skipped\n";
    return kSkipped;
  }
  return kDone;
}

}  // namespace matting
