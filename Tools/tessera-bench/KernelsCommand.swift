internal import ArgumentParser
internal import Kernels

/// Times every kernel of every instruction set that this machine has, beside the scalar reference.
struct KernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Times every kernel on every instruction set here, beside the scalar reference.")

  @Option(help: "Seconds for each kernel and instruction set.")
  var seconds = 0.1

  func validate() throws { try tessera_bench.validate(seconds: seconds) }

  func run() throws {
    let tables = KernelTable.available
    for name in KernelTable.knownNames where KernelTable.named(name) == nil {
      print("\(name): not supported by this processor")
    }
    print("median µs".left(46) + tables.map { $0.name.right(18) }.joined())
    for kernel in KernelCase.all() {
      let times = tables.map { table in
        medianMicroseconds(seconds: seconds) { kernel.run(table) }
      }
      let scalar = times[times.count - 1]
      let cells = times.map { "\($0.short) \(("×" + (scalar / $0).short).right(7))".right(18) }
      print(kernel.name.left(46) + cells.joined())
    }
  }
}
