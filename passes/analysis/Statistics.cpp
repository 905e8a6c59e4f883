// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Statistics.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::yoco;

static thread_local StatisticsCollector *collector = nullptr;

StatisticsCollector::StatisticsCollector() : outer(collector) { collector = this; }
StatisticsCollector::~StatisticsCollector() { collector = outer; }

void StatisticsCollector::add(StringRef pass, StringRef name, StringRef description, int64_t count) {
  Entry &entry = entries[{pass.str(), name.str()}];
  entry.value += count;
  entry.description = description.str();
}

void StatisticsCollector::print(llvm::raw_ostream &os) const {
  size_t passWidth = 4, nameWidth = 9;
  for (const auto &[key, entry] : entries) {
    passWidth = std::max(passWidth, key.first.size());
    nameWidth = std::max(nameWidth, key.second.size());
  }
  os << llvm::left_justify("pass", passWidth) << "  " << llvm::left_justify("statistic", nameWidth)
     << "         value  description\n";
  for (const auto &[key, entry] : entries)
    if (entry.value)
      os << llvm::left_justify(key.first, passWidth) << "  " << llvm::left_justify(key.second, nameWidth) << "  "
         << llvm::format_decimal(entry.value, 12) << "  " << entry.description << '\n';
}

PassStatistic &PassStatistic::operator+=(int64_t count) {
  value += count;
  if (collector)
    collector->add(pass->getArgument(), name, description, count);
  return *this;
}
