// swift-tools-version: 6.2
// Targets in dependency order: arrows point only to targets above. The map of the folders is in README.md.
import PackageDescription

let swift: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
  name: "tessera",
  products: [
    .library(name: "TesseraClient", targets: ["TesseraClient"]),
    .executable(name: "tessera-server", targets: ["tessera-server"]),
    .executable(name: "tessera-registry", targets: ["tessera-registry"]),
    .executable(name: "tessera-load", targets: ["tessera-load"]),
    .executable(name: "tessera-bench", targets: ["tessera-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // Protocol: all that is needed to write another client.
    .target(name: "CChecksum", path: "Protocol/CChecksum"),
    .target(
      name: "TesseraWire", dependencies: ["CChecksum"], path: "Protocol/TesseraWire",
      swiftSettings: swift),
    .target(name: "FrameStream", dependencies: ["TesseraWire", nioCore], swiftSettings: swift),
    .target(
      name: "TesseraClient",
      dependencies: ["TesseraWire", "FrameStream", nioCore, nioPosix, logging],
      swiftSettings: swift),

    // Engine: a model description and its tensors become a plan; a plan and a batch become scores.
    .target(name: "CKernels"),
    .target(name: "Kernels", dependencies: ["CKernels"], swiftSettings: swift),
    .target(name: "ModelGraph", dependencies: ["TesseraWire"], swiftSettings: swift),
    .target(
      name: "Inference", dependencies: ["TesseraWire", "Kernels", "ModelGraph"],
      swiftSettings: swift),

    // Registry: models, versions, aliases, audit, blobs.
    .systemLibrary(
      name: "CLMDB", path: "Registry/CLMDB", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(
      name: "CZstd", path: "Registry/CZstd",
      providers: [.apt(["libzstd-dev"])]),
    .target(
      name: "LMDBStore", dependencies: ["CLMDB"], path: "Registry/LMDBStore",
      swiftSettings: swift),
    .target(
      name: "ModelRegistry",
      dependencies: ["TesseraWire", "LMDBStore", "CZstd", "ModelGraph", crypto],
      path: "Registry/ModelRegistry", swiftSettings: swift),

    // What server and tools present or ask for.
    .target(name: "Credential", dependencies: ["TesseraWire"], swiftSettings: swift),

    // Server: pure decisions, then effects, then main.
    .target(name: "Serving", dependencies: ["TesseraWire", deque], swiftSettings: swift),
    .target(
      name: "TesseraServer",
      dependencies: [
        "TesseraWire", "FrameStream", "Serving", "Inference", "ModelGraph", "Kernels",
        "ModelRegistry", nioCore, nioPosix, logging, metrics, lifecycle,
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "tessera-server",
      dependencies: ["TesseraServer", "Credential", arguments, logging, lifecycle],
      swiftSettings: swift),

    // What tools and tests share.
    .target(name: "SeededRandom", swiftSettings: swift),
    .target(name: "CommandOutput", dependencies: [arguments], swiftSettings: swift),
    .target(
      name: "LoadGenerator",
      dependencies: [
        "SeededRandom", "TesseraClient", "TesseraWire", "FrameStream", histogram, nioCore, nioPosix,
      ],
      swiftSettings: swift),
    .target(name: "HouseholdFile", dependencies: ["TesseraWire"], swiftSettings: swift),

    .target(
      name: "PrecisionChoice",
      dependencies: ["TesseraWire", "ModelGraph", "Inference", "SeededRandom"],
      swiftSettings: swift),

    // Tools.
    .executableTarget(
      name: "tessera-registry",
      dependencies: [
        "TesseraWire", "ModelRegistry", "ModelGraph", "PrecisionChoice", "CommandOutput", arguments,
      ],
      path: "Tools/tessera-registry", swiftSettings: swift),
    .executableTarget(
      name: "tessera-load",
      dependencies: [
        "Credential", "LoadGenerator", "HouseholdFile", "TesseraClient", "TesseraWire",
        "CommandOutput", arguments, signals,
      ],
      path: "Tools/tessera-load", swiftSettings: swift),
    .executableTarget(
      name: "tessera-bench",
      dependencies: [
        "Inference", "Kernels", "ModelGraph", "PrecisionChoice", "SeededRandom", "TesseraWire",
        arguments,
      ],
      path: "Tools/tessera-bench", exclude: ["peers"], swiftSettings: swift),

    // Tests mirror the targets.
    .target(name: "CAllocations", path: "Tests/Support/CAllocations"),
    .testTarget(
      name: "TesseraWireTests", dependencies: ["TesseraWire", "SeededRandom"], swiftSettings: swift),
    .testTarget(
      name: "FrameStreamTests",
      dependencies: ["FrameStream", "TesseraWire", "SeededRandom", nioCore], swiftSettings: swift),
    .testTarget(
      name: "TesseraClientTests",
      dependencies: ["TesseraClient", "TesseraWire", "FrameStream", nioCore, nioPosix],
      swiftSettings: swift),
    .testTarget(
      name: "CredentialTests", dependencies: ["Credential", "TesseraWire"], swiftSettings: swift),
    .testTarget(
      name: "RegistryTests",
      dependencies: [
        "TesseraWire", "LMDBStore", "ModelRegistry", "ModelGraph", "SeededRandom",
        "tessera-registry",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "PrecisionChoiceTests", dependencies: ["PrecisionChoice", "ModelGraph", "TesseraWire"],
      swiftSettings: swift),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "CKernels", "SeededRandom"],
      swiftSettings: swift),
    .testTarget(
      name: "ModelGraphTests", dependencies: ["ModelGraph", "TesseraWire"], swiftSettings: swift),
    .testTarget(
      name: "InferenceTests",
      dependencies: [
        "Inference", "Kernels", "ModelGraph", "SeededRandom", "TesseraWire", "CAllocations",
      ],
      exclude: ["golden"],
      swiftSettings: swift),
    .testTarget(
      name: "ServingTests", dependencies: ["Serving", "TesseraWire", "CAllocations"],
      swiftSettings: swift),
    .testTarget(
      name: "LoadGeneratorTests",
      dependencies: [
        "LoadGenerator", "HouseholdFile", "SeededRandom", "TesseraClient", "TesseraWire",
        "FrameStream", nioCore, nioPosix,
      ],
      swiftSettings: swift),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "TesseraServer", "TesseraClient", "TesseraWire", "ModelRegistry", "ModelGraph",
        "LMDBStore", "SeededRandom", "Serving", "tessera-server",
        nioCore, nioPosix, logging, lifecycle, metrics,
      ],
      swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6]
)
