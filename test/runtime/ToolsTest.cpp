// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-run and the embedding example, run as people run them.

#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTokenizer.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace yoco::test;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

namespace {

struct Outcome {
  int exitCode;
  std::string out;
  std::string err;
};

/// A folder of its own for each test, with the toy's file in it.
class ToolsTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "yoco-tools-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern + "/";
    writeFile(folder + "toy.yoco", ToyModel().build());
  }
  void TearDown() override { (void)!system(("rm -rf '" + folder + "'").c_str()); }

  /// Runs a shell command in the folder.
  Outcome shell(const std::string &command) {
    int status = system(("cd '" + folder + "' && ( " + command + " ) >out.txt 2>err.txt").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readFile(folder + "out.txt"), readFile(folder + "err.txt")};
  }

  std::string folder;
};

std::string join(const std::vector<int32_t> &ids) {
  std::string text;
  for (int32_t id : ids)
    text += (text.empty() ? "" : " ") + std::to_string(id);
  return text;
}

std::vector<int32_t> greedy(std::vector<int32_t> ids, size_t count) {
  size_t prompt = ids.size();
  while (ids.size() < prompt + count)
    ids.push_back(toyNext(ids));
  return {ids.begin() + long(prompt), ids.end()};
}

TEST_F(ToolsTest, embedC) {
  std::vector<int32_t> prompt = toyIds(9);
  Outcome outcome = shell(YOCO_EMBED_C " toy.yoco 6 " + join(prompt));
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  EXPECT_EQ(outcome.out, join(greedy(prompt, 6)) + "\n");
  EXPECT_EQ(shell(YOCO_EMBED_C " nothing.yoco 6 1").exitCode, 1);
  EXPECT_EQ(shell(YOCO_EMBED_C " toy.yoco 6 99").err, "embed-c: ids[0]: id 99 is not in the vocabulary of 11\n");
}

#ifdef YOCO_BENCH

// The ceilings of a GPU, measured by the tool itself: the product of the one matrix, in steps of most rows.
TEST_F(ToolsTest, benchMeasuresTheGpu) {
  ToyModel toy = toyForCuda();
  addProducts(toy);
  writeFile(folder + "cuda.yoco", toy.build());
  useFakeCuda("test=bench");
  Outcome outcome = shell(YOCO_BENCH " cuda.yoco --context 8 --device=cuda --json");
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\"copy_bytes_per_second\""), HasSubstr("\"product_rows\":7"),
                                 HasSubstr("\"product_outputs\":11"), HasSubstr("\"product_inputs\":11")));
  EXPECT_EQ(shell(YOCO_BENCH " toy.yoco --context 8").exitCode, 0);
}

#endif

#ifdef YOCO_RUN

TEST_F(ToolsTest, generatesTokens) {
  std::vector<int32_t> prompt = toyIds(9);
  std::string expected = join(greedy(prompt, 12)) + "\n";
  std::string ids = "echo " + join(prompt) + " | ";
  Outcome outcome = shell(ids + YOCO_RUN " toy.yoco --prompt-tokens - --print-tokens "
                                         "--ignore-eos --max-new-tokens 12");
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  EXPECT_EQ(outcome.out, expected);
  EXPECT_EQ(outcome.err, "");
  // The other way of writing flags, a file, smaller bounds, one thread.
  shell("printf '" + join(prompt) + "' >ids.txt");
  outcome = shell(YOCO_RUN " --prompt-tokens=ids.txt --print-tokens --ignore-eos "
                           "--max-new-tokens=12 --threads=1 "
                           "--max-seq-len=21 --max-batch=1 --verify=plan --device=host toy.yoco");
  EXPECT_EQ(outcome.out, expected) << outcome.err;
}

// Where the file has the entry for it, the device chooses; the output is the same.
TEST_F(ToolsTest, generatesWithChoicesOfTheDevice) {
  useFakeCuda("");
  std::vector<int32_t> prompt = toyIds(9);
  for (bool isCuda : {false, true}) {
    ToyModel toy = isCuda ? toyForCuda() : ToyModel();
    toy.addSample();
    writeFile(folder + "sample.yoco", toy.build());
    std::string run = " | " YOCO_RUN " sample.yoco --prompt-tokens - --print-tokens --ignore-eos --max-new-tokens 12";
    for (const char *options : {"", " --temperature 0 --top-k 3"}) {
      Outcome outcome = shell("echo " + join(prompt) + run + options);
      EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
      EXPECT_EQ(outcome.out, join(greedy(prompt, 12)) + "\n");
    }
    EXPECT_EQ(shell("echo " + join({prompt[0]}) + run).out, join(greedy({prompt[0]}, 12)) + "\n");
    toy.blobs[0].assign(toy.blobs[0].size(), '\xFF'); // the bias: NaNs
    writeFile(folder + "sample.yoco", toy.build());
    EXPECT_EQ(shell("echo " + join(prompt) + run).err,
              "yoco-run: token 0: slot 0: logits: expected numbers, got NaN in all of 11\n");
  }
}

// Text in, text out; the tokenizer's beginning-of-sequence id stands before the
// prompt's.
TEST_F(ToolsTest, generatesText) {
  const std::string space = "\xE2\x96\x81";
  std::vector<std::string> pieces = {"ab", space + "a", "a", "b", "c", "d", space, "\xC3\xA9"};
  ToyModel toy;
  toy.blobs[2] = makeTokenizer(pieces, false);
  writeFile(folder + "text.yoco", toy.build());
  std::vector<int32_t> next = greedy({1, 3, 9, 3}, 10); // <s> "ab" " " "ab"
  std::string expected;
  for (int32_t id : next) {
    std::string piece = id < 3 ? "" : pieces[size_t(id) - 3];
    if (size_t at = piece.find(space); at != std::string::npos)
      piece.replace(at, space.size(), " ");
    expected += id == 0 ? " \xE2\x81\x87 " : piece;
  }
  std::string run = YOCO_RUN " text.yoco --prompt 'ab ab' --ignore-eos --max-new-tokens 10";
  Outcome outcome = shell(run + " --print-tokens");
  EXPECT_EQ(outcome.out, join(next) + "\n") << outcome.err;
  outcome = shell(run);
  EXPECT_EQ(outcome.out, expected + "\n") << outcome.err;
  EXPECT_EQ(shell(YOCO_RUN " text.yoco --prompt ''").err, "yoco-run: --prompt: expected some text, got none\n");
}

// Stop ids end the output, the stop id included; the sequence bound ends it
// when no number was asked for.
TEST_F(ToolsTest, endsWhereItShould) {
  std::vector<int32_t> prompt = toyIds(9), all = greedy(prompt, 31);
  std::string run = "echo " + join(prompt) + " | " YOCO_RUN " toy.yoco --prompt-tokens - --print-tokens ";
  EXPECT_EQ(shell(run + "--ignore-eos").out,
            join(all) + "\n"); // 9 + 31 = 40, the bound
  auto stop = std::find(all.begin(), all.end(), 3);
  if (stop != all.end())
    all.erase(stop + 1, all.end());
  EXPECT_EQ(shell(run).out, join(all) + "\n");
}

TEST_F(ToolsTest, samplingIsRepeatable) {
  std::string run = "echo 1 2 | " YOCO_RUN " toy.yoco --prompt-tokens - --print-tokens "
                    "--ignore-eos --temperature 2 ";
  std::string first = shell(run + "--seed 1 --top-k 5").out;
  EXPECT_EQ(shell(run + "--top-k=5 --seed=1").out, first);
  EXPECT_NE(shell(run + "--seed 2 --top-k 5").out, first);
}

TEST_F(ToolsTest, scores) {
  std::vector<int32_t> prompt = toyIds(12);
  Outcome outcome =
      shell("echo " + join(prompt) + " | " YOCO_RUN " toy.yoco --prompt-tokens - --score --logits out.npy");
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  std::string npy = readFile(folder + "out.npy");
  EXPECT_THAT(npy, StartsWith(std::string("\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', "
                                          "'fortran_order': False, 'shape': (12, 11), }",
                                          68)));
  ASSERT_EQ(npy.size(), 128u + 12 * 11 * 4);
  for (size_t row = 0; row < 12; ++row) {
    std::vector<float> values(kToyVocabulary);
    memcpy(values.data(), npy.data() + 128 + row * 44, 44);
    EXPECT_EQ(values, toyLogits({prompt.begin(), prompt.begin() + long(row) + 1}));
  }
}

TEST_F(ToolsTest, statsAndDescribe) {
  Outcome outcome = shell("echo 1 2 3 4 | " YOCO_RUN " toy.yoco --prompt-tokens - --print-tokens --ignore-eos "
                          "--max-new-tokens 5 --stats");
  for (const char *part :
       {"\"device\":\"host\"", "\"target\":\"host:toy\"", "\"prefill_tokens\":3", "\"decode_tokens\":5",
        "\"new_tokens\":5", "\"bytes_held\":{\"persistent\":896,\"scratch\":640,\"total\":1536}",
        "\"kv_bytes_per_token\":4", "\"weight_bytes\":68", "\"bounds\":{\"max_seq_len\":40,"})
    EXPECT_THAT(outcome.err, HasSubstr(part));
  outcome = shell(YOCO_RUN " toy.yoco --describe");
  EXPECT_EQ(outcome.exitCode, 0);
  EXPECT_THAT(outcome.out, HasSubstr("target host:toy"));
  EXPECT_EQ(shell(YOCO_RUN " --help").exitCode, 0);
  EXPECT_EQ(shell(YOCO_RUN " --version").out, "yoco-run 0.1.0\n");
}

// The same tool on a GPU, or what stands in for one.
TEST_F(ToolsTest, runsOnGpus) {
  writeFile(folder + "cuda.yoco", toyForCuda().build());
  std::vector<int32_t> prompt = toyIds(9);
  std::string run = "echo " + join(prompt) +
                    " | YOCO_CUDA_DRIVER=" YOCO_FAKE_CUDA_LIBRARY " YOCO_FAKE_CUDA=devices=2 " +
                    YOCO_RUN " cuda.yoco --prompt-tokens - --print-tokens --ignore-eos --max-new-tokens 12 ";
  for (const char *flags : {"", "--device=cuda", "--device cuda:1", "--no-graphs", "--verify=plan"}) {
    Outcome outcome = shell(run + flags);
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    EXPECT_EQ(outcome.out, join(greedy(prompt, 12)) + "\n");
    EXPECT_EQ(outcome.err, "") << "no progress bar where there is no terminal";
  }
  EXPECT_THAT(shell(run + "--device=cuda:1 --stats").err,
              AllOf(HasSubstr("\"device_description\":\"GPU 1 (Fake GPU, compute capability 9.0), cubin for sm_90a\""),
                    HasSubstr("\"bytes_held\":{\"persistent\":896,\"scratch\":640,\"weights\":512,\"staging\":")));
  EXPECT_EQ(
      shell(run + "--device=cuda:2").err,
      "yoco-run: cuda.yoco: this machine can run no target of the file on device cuda:2: nvptx:sm_90a: no GPU 2: the "
      "NVIDIA driver finds 2, counted from 0\n");
  EXPECT_THAT(shell(YOCO_RUN " cuda.yoco --describe").out,
              AllOf(HasSubstr("target nvptx:sm_90a (device cuda, computes in f32)"), HasSubstr("    ptx for sm_80: "),
                    HasSubstr("toy_mix: launched 3 times, blocks of 64 threads and 102400 shared bytes")));
}

TEST_F(ToolsTest, drawsProgressOnATerminal) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal) | unlockpt(terminal), 0);
  Outcome outcome =
      shell(std::string("echo 1 2 | " YOCO_RUN " toy.yoco --prompt-tokens - --print-tokens 2>") + ptsname(terminal));
  EXPECT_EQ(outcome.exitCode, 0);
  char seen[1000] = "";
  EXPECT_GT(read(terminal, seen, sizeof(seen) - 1), 0);
  close(terminal);
  EXPECT_THAT(seen, AllOf(HasSubstr("weights [....."), HasSubstr("% of 0.00 GB"), EndsWith("\r\033[K")));
}

// Every error is one line that begins with the tool's name, and exit code 1.
TEST_F(ToolsTest, errors) {
  struct Case {
    const char *input;
    const char *arguments;
    const char *text;
  };
  const Case cases[] = {
      {"1", "", "model is required"},
      {"1", "nothing.yoco --prompt-tokens -", "nothing.yoco: cannot open the file"},
      {"1", ". --prompt-tokens -", "expected a regular file, got a directory"},
      {"1", "out.txt --prompt-tokens -", "the file is empty"},
      {"1", "toy.yoco", "expected --prompt TEXT or --prompt-tokens FILE"},
      {"1", "toy.yoco --prompt a --prompt-tokens -", "expected one of the two, got both"},
      {"1", "toy.yoco --prompt-tokens - --frobnicate", "--frobnicate"},
      {"1", "toy.yoco --prompt-tokens", "--prompt-tokens"},
      {"1", "toy.yoco --prompt-tokens -", "the tokenizer in the model file is not one of SentencePiece's"},
      {"1", "toy.yoco --prompt-tokens nowhere.txt --print-tokens", "nowhere.txt: cannot open: No such file"},
      {"1", "toy.yoco --prompt-tokens . --print-tokens", ".: cannot read: Is a directory"},
      {"", "toy.yoco --prompt-tokens - --print-tokens", "expected at least one id, got none"},
      {"1 2 x3 4", "toy.yoco --prompt-tokens - --print-tokens", "token 2: expected an id, got `x3`"},
      {"1 2.5", "toy.yoco --prompt-tokens - --print-tokens", "token 1: expected an id, got `2.5`"},
      {"1 99999999999", "toy.yoco --prompt-tokens - --print-tokens", "token 1: expected an id, got `99999999999`"},
      {"1 11", "toy.yoco --prompt-tokens - --print-tokens",
       "token 1: id 11 is not in the vocabulary: expected 0 to 10"},
      {"1 -1", "toy.yoco --prompt-tokens - --print-tokens", "token 1: id -1 is not in the vocabulary"},
      {"1 2", "toy.yoco --prompt-tokens - --print-tokens --max-new-tokens 39",
       "2 prompt tokens and 39 new ones are above the session's sequence bound "
       "of 40"},
      {"1 2", "toy.yoco --prompt-tokens - --print-tokens --max-seq-len 2", "2 prompt tokens and 1 new ones are above"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --max-new-tokens 0",
       "--max-new-tokens: expected a whole number from 1"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --max-new-tokens -3", "--max-new-tokens"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --max-seq-len 41",
       "--max-seq-len: 41 is above the file's bound of 40"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --max-batch=4", "--max-batch: 4 is above the file's bound of 3"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --threads 0",
       "--threads: expected a whole number from 1 to 1024, got `0`"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --threads=-1", "--threads: expected a whole number"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --temperature nan", "--temperature: expected a number from 0"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --temperature -1", "--temperature"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --top-p 0",
       "--top-p: expected a number above 0 and up to 1, got `0`"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --top-p 1.01", "--top-p: expected"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --top-k=x", "--top-k: expected"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --seed=1e3", "--seed: expected"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --verify=none", "--verify: expected full or plan, got `none`"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --device tpu", "--device: expected host or cuda[:N], got `tpu`"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --device=cuda:x", "--device=cuda:N: expected a whole number"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens --device=cuda:1",
       "no target for device `cuda:1` (targets in the file: host:toy)"},
      {"1", "toy.yoco --prompt-tokens - --score", "expected at least 2 prompt tokens"},
      {"1 2", "toy.yoco --prompt-tokens - --score", "no entry `extend`"},
      {"1", "toy.yoco --prompt-tokens - --continuation-tokens x", "--continuation-tokens: expected --score with it"},
      {"1", "toy.yoco --prompt-tokens - --score --logits x.npy --continuation-tokens x",
       "--continuation-tokens: expected --score with it and no --logits"},
      {"1", "toy.yoco --prompt-tokens - --score --continuation a", "--continuation: expected --prompt with it"},
      {"1", "toy.yoco --prompt-tokens - --score --continuation-tokens -", "standard input has the prompt already"},
      {"1", "toy.yoco --prompt-tokens - --score --continuation-tokens /dev/null",
       "--continuation-tokens /dev/null: expected ids on at least one line, got none"},
      {"1", "toy.yoco --prompt-tokens - --logits x.npy", "expected --score"},
      {"1", "toy.yoco --prompt-tokens - --score --logits /dev/null",
       "/dev/null: expected a regular file or nothing there"},
      {"1", "toy.yoco --prompt-tokens - --score --logits .", "expected a regular file"},
      {"1", "toy.yoco --prompt-tokens - --score --logits no/where.npy", "no/where.npy: cannot create a file beside it"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens >/dev/full", "standard output: cannot write: No space left"},
      {"1", "toy.yoco --prompt-tokens - --print-tokens >&-", "standard output: cannot write"},
      {"1", "toy.yoco --prompt ''", ""},
  };
  for (const Case &bad : cases) {
    Outcome outcome = shell(std::string("printf -- '") + bad.input + "' | " YOCO_RUN " " + bad.arguments);
    EXPECT_EQ(outcome.exitCode, 1) << bad.arguments;
    EXPECT_THAT(outcome.err, HasSubstr(bad.text)) << bad.arguments;
    EXPECT_THAT(outcome.err, MatchesRegex("yoco-run: [^\n]*\n")) << bad.arguments;
    EXPECT_EQ(outcome.out, "") << bad.arguments;
  }
}

// A reader that goes away is an error, not a signal.
TEST_F(ToolsTest, closedPipe) {
  Outcome outcome = shell("{ echo 1 | " YOCO_RUN " toy.yoco --prompt-tokens - --print-tokens "
                          "--ignore-eos; echo $? >code.txt; } | "
                          "true; sleep 0.2; cat code.txt");
  EXPECT_THAT(outcome.out, MatchesRegex("[01]\n"));
}

TEST_F(ToolsTest, failedScoreLeavesTheOldFile) {
  shell("echo old >out.npy");
  Outcome outcome = shell("ulimit -f 0; trap '' XFSZ; echo 1 2 | " YOCO_RUN
                          " toy.yoco --prompt-tokens - --score --logits out.npy 2>&1 | cat >&2");
  EXPECT_EQ(readFile(folder + "out.npy"), "old\n");
  EXPECT_EQ(shell("ls | grep -c npy").out, "1\n") << "nothing is left beside it";
}

#endif // YOCO_RUN

} // namespace
