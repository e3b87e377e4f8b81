// Runs an exported network on a folder of inputs; see --help.
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "arguments.h"
#include "pipeline.h"
#include "session.h"
#include "timing.h"

namespace {

constexpr char kTimeFile[] = "test_perform_static.txt";

int AvailableCores() {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

// MindSpore Lite reads its log level before main() begins, so changing it needs a restart of the program.
void QuietRuntime(char** argv) {
  if (std::getenv("GLOG_v") == nullptr) {
    setenv("GLOG_v", "4", 1);  // its errors are returned as statuses, which we report ourselves
    execv("/proc/self/exe", argv);
  }
}

void CheckModel(const std::filesystem::path& model) {
  std::error_code error;  // set, for example, if a folder is not accessible
  if (!std::filesystem::is_regular_file(model, error) || !std::ifstream(model).good()) {
    throw matting::Error(model.string() + ": missing or not readable; write it with export.py");
  }
}

int Run(const matting::Arguments& arguments) {
  CheckModel(arguments.model);
  const auto inputs = matting::ListInputs(arguments.input);
  matting::PrepareOutput(arguments.output);
  if (!arguments.time_result.empty()) {
    matting::PrepareOutput(arguments.time_result);
  }
  const int threads = arguments.threads > 0 ? arguments.threads : AvailableCores();
  matting::Session session(arguments.model,
                           {arguments.device, arguments.device_id, arguments.precision, threads});
  std::cout << session.Describe() << std::endl;
  for (int i = 0; i < arguments.warmup; ++i) {
    session.Run(matting::Bytes(session.InputSize()));
  }
  const matting::PipelineResult result = matting::RunPipeline(&session, inputs, arguments.output);
  for (const std::string& reason : result.skipped) {
    std::cout << "skipped: " << reason << "\n";
  }
  if (result.milliseconds.empty()) {
    throw matting::Error("none of " + std::to_string(inputs.size()) + " inputs could be used");
  }
  const std::string report = matting::Report(result.milliseconds, result.total_milliseconds);
  std::cout << report << std::flush;
  if (!arguments.time_result.empty()) {
    matting::WriteWhole(arguments.time_result / kTimeFile, report.data(), report.size());
  }
  if (!result.skipped.empty()) {
    std::cerr << "error: " << result.skipped.size() << " of " << inputs.size() << " inputs were skipped\n";
    return matting::kSkipped;
  }
  return matting::kDone;
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
