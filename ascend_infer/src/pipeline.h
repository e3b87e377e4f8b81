// Runs the network from files to files, reading the next input and writing the last result meanwhile.
#ifndef ASCEND_INFER_PIPELINE_H_
#define ASCEND_INFER_PIPELINE_H_

#include <filesystem>
#include <string>
#include <vector>

#include "session.h"

namespace matting {

struct PipelineResult {
  std::vector<double> milliseconds;  // one value per run of the network
  double total_milliseconds = 0;     // from reading the first input to writing the last result
  std::vector<std::string> skipped;  // one line per input that could not be used
};

// Throws Error if a result cannot be written or the network fails.
PipelineResult RunPipeline(Session* session, const std::vector<std::filesystem::path>& inputs,
                           const std::filesystem::path& output);

}  // namespace matting

#endif  // ASCEND_INFER_PIPELINE_H_
