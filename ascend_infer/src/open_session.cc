#include "open_session.h"

#include <sched.h>

#include <fstream>
#include <iostream>

namespace matting {

namespace {

constexpr char kTimeFile[] = "test_perform_static.txt";

int AvailableCores() {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

}  // namespace

void CheckModel(const std::filesystem::path& model) {
  std::error_code error;  // set, for example, if a folder is not accessible
  if (!std::filesystem::is_regular_file(model, error) || !std::ifstream(model).good()) {
    throw Error(model.string() + ": missing or not readable; write it with export.py");
  }
}

std::unique_ptr<Session> OpenSession(const Arguments& arguments) {
  if (!arguments.time_result.empty()) {
    PrepareOutput(arguments.time_result);
  }
  const int threads = arguments.threads > 0 ? arguments.threads : AvailableCores();
  const Device device = {arguments.device, arguments.device_id, arguments.precision, threads};
  auto session = std::make_unique<Session>(arguments.model, device);
  std::cout << session->Describe() << std::endl;
  const Bytes zeros(session->InputSize());
  for (int i = 0; i < arguments.warmup; ++i) {
    session->RunJoined(zeros.data());
  }
  return session;
}

void WriteTimes(const Arguments& arguments, const std::string& report) {
  if (!arguments.time_result.empty()) {
    WriteWhole(arguments.time_result / kTimeFile, report.data(), report.size());
  }
}

}  // namespace matting
