/// One panel of the cost curves: what varies while the rest keeps the reference size.
enum CostCurve: CaseIterable {
  case events, coupons, hiddenWidth, batch

  /// The values that are measured, within the limits of the reference models.
  var values: [Int] {
    switch self {
    case .events: [8, 16, 32, 64, 128, 256, 512]
    case .coupons: [1, 2, 4, 8, 16, 32, 64, 128, 256]
    case .hiddenWidth: [32, 64, 128, 256, 512]
    case .batch: [1, 2, 4, 8, 16, 32, 64]
    }
  }

  var axisLabel: String {
    switch self {
    case .events: "events of the user, T"
    case .coupons: "coupons of the request, N"
    case .hiddenWidth: "hidden width (LSTM units, transformer width)"
    case .batch: "requests in a batch"
    }
  }

  /// What the other three are.
  var title: String {
    let events = ReferenceModel.allCases.map { "\($0.events) (\($0.rawValue))" }
      .joined(separator: " or ")
    let fixed: [(CostCurve, String)] = [
      (.events, "T \(events)"), (.coupons, "N \(CostCase.coupons)"),
      (.hiddenWidth, "width \(ReferenceModel.hiddenWidth)"), (.batch, "batch 1"),
    ]
    return fixed.filter { $0.0 != self }.map(\.1).joined(separator: ", ")
  }

  func cases(_ model: ReferenceModel) -> [CostCase] {
    values.map { value in
      CostCase(
        model: model,
        events: self == .events ? value : model.events,
        coupons: self == .coupons ? value : CostCase.coupons,
        hiddenWidth: self == .hiddenWidth ? value : ReferenceModel.hiddenWidth,
        batch: self == .batch ? value : 1)
    }
  }
}
