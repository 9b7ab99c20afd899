// swift-tools-version: 6.2
// What reads bytes of others, built with sanitizers: a package of its own, since sanitizers need unsafe flags. The folders in
// Sources are links to the product's; settings, dependencies and versions are those of the product's Package.swift.
import PackageDescription

/// Coverage for libFuzzer and checks of every access, in what is ours; dependencies are built as they are.
let sanitized = SwiftSetting.unsafeFlags(["-sanitize=address,fuzzer", "-enable-testing"])
let sanitizedC = CSetting.unsafeFlags([
  "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined",
])
let swift: [SwiftSetting] = [
  sanitized,
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")

let package = Package(
  name: "fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    .target(name: "CChecksum", cSettings: [sanitizedC]),
    .target(name: "TesseraWire", dependencies: ["CChecksum"], swiftSettings: swift),
    .target(name: "FrameStream", dependencies: ["TesseraWire", nioCore], swiftSettings: swift),
    // The decisions alone, not those who perform them.
    .target(
      name: "TesseraClient", dependencies: ["TesseraWire", "FrameStream", nioCore],
      sources: [
        "Binding.swift", "ClientLimits.swift", "ConnectionStateMachine+Replies.swift",
        "ConnectionStateMachine.swift", "Frames.swift",
        "ModelReference.swift", "ServerErrors.swift", "TesseraClientError.swift",
      ],
      swiftSettings: swift),
    .target(name: "ModelGraph", dependencies: ["TesseraWire"], swiftSettings: swift),
    .systemLibrary(name: "CLMDB"),
    .systemLibrary(name: "CZstd"),
    .target(name: "LMDBStore", dependencies: ["CLMDB"], swiftSettings: swift),
    .target(name: "Crypto"),
    .target(
      name: "ModelRegistry",
      dependencies: ["TesseraWire", "LMDBStore", "CZstd", "ModelGraph", "Crypto"],
      swiftSettings: swift),
    .target(name: "Serving", dependencies: ["TesseraWire", deque], swiftSettings: swift),
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CFuzzer", "TesseraWire", "FrameStream", "TesseraClient", "Serving", "ModelGraph",
        "LMDBStore", "ModelRegistry", nioCore,
      ],
      swiftSettings: swift,
      linkerSettings: [.unsafeFlags(["-sanitize=address,fuzzer"])]),
  ],
  swiftLanguageModes: [.v6]
)
