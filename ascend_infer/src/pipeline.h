// From files to files: the next input is read and the last result written while the network runs.
#ifndef ASCEND_INFER_PIPELINE_H_
#define ASCEND_INFER_PIPELINE_H_

#include <filesystem>
#include <string>
#include <vector>

#include "session.h"

namespace matting {

struct PipelineResult {
  std::vector<double> milliseconds;  // of every run of the network
  double total_milliseconds = 0;     // from the first input read to the last result written
  std::vector<std::string> skipped;  // a line for every input that could not be used
};

// Throws Error where a result cannot be written or the network fails.
PipelineResult RunPipeline(Session* session, const std::vector<std::filesystem::path>& inputs,
                           const std::filesystem::path& output);

}  // namespace matting

#endif  // ASCEND_INFER_PIPELINE_H_
