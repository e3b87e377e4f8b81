// Runs an exported network on a folder of inputs or photos, or on a video; see --help.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "arguments.h"
#include "open_session.h"
#include "photo_command.h"
#include "pipe_command.h"
#include "pipeline.h"
#include "timing.h"
#include "video_command.h"

namespace {

// MindSpore Lite reads its log level before main() begins, so changing it needs a restart of the program.
void QuietRuntime(char** argv) {
  if (std::getenv("GLOG_v") == nullptr) {
    setenv("GLOG_v", "4", 1);  // its errors are returned as statuses, which we report ourselves
    execv("/proc/self/exe", argv);
  }
}

int RunFiles(const matting::Arguments& arguments) {
  const auto inputs = matting::ListInputs(arguments.input);
  matting::PrepareOutput(arguments.output);
  const std::unique_ptr<matting::Session> session = matting::OpenSession(arguments);
  const matting::PipelineResult result = matting::RunPipeline(session.get(), inputs, arguments.output);
  for (const std::string& reason : result.skipped) {
    std::cout << "skipped: " << reason << "\n";
  }
  if (result.milliseconds.empty()) {
    throw matting::Error("none of " + std::to_string(inputs.size()) + " inputs could be used");
  }
  const std::string report = matting::Report(result.milliseconds, result.total_milliseconds);
  std::cout << report << std::flush;
  matting::WriteTimes(arguments, report);
  if (!result.skipped.empty()) {
    std::cerr << "error: " << result.skipped.size() << " of " << inputs.size() << " inputs were skipped\n";
    return matting::kSkipped;
  }
  return matting::kDone;
}

int Run(const matting::Arguments& arguments) {
  matting::CheckModel(arguments.model);
  if (arguments.pipe) {
    return matting::RunPipe(arguments);
  }
  if (!arguments.video.empty()) {
    return matting::RunVideo(arguments);
  }
  return arguments.photos.empty() ? RunFiles(arguments) : matting::RunPhotos(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  QuietRuntime(argv);
  try {
    const matting::Arguments arguments = matting::ParseArguments(argc, argv);
    if (arguments.help) {
      std::cout << matting::kHelp;
      return matting::kDone;
    }
    return Run(arguments);
  } catch (const matting::UsageError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return matting::kUsage;
  } catch (const matting::LoadError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return matting::kCannotLoad;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return matting::kFailed;
  }
}
