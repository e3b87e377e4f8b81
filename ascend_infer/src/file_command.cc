#include "file_command.h"

#include <iostream>

#include "open_session.h"
#include "pipeline.h"
#include "timing.h"

namespace matting {

int RunFiles(const Arguments& arguments) {
  const auto inputs = ListInputs(arguments.input);
  PrepareOutput(arguments.output);
  const std::unique_ptr<Session> session = OpenSession(arguments);
  const PipelineResult result = RunPipeline(session.get(), inputs, arguments.output);
  for (const std::string& reason : result.skipped) {
    std::cout << "skipped: " << reason << "\n";
  }
  if (result.milliseconds.empty()) {
    throw Error("none of " + std::to_string(inputs.size()) + " inputs could be used");
  }
  const std::string report = Report(result.milliseconds, result.total_milliseconds);
  std::cout << report << std::flush;
  WriteTimes(arguments, report);
  if (!result.skipped.empty()) {
    std::cerr << "error: " << result.skipped.size() << " of " << inputs.size() << " inputs were skipped\n";
    return kSkipped;
  }
  return kDone;
}

}  // namespace matting
