internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// How columns become blocks, and raw numbers steps.
extension PlanBuilder {
  mutating func addInput(_ index: Int) {
    let input = graph.description.inputs[index]
    let (label, axis) = (input.name, input.axis)
    switch input.transform {
    case .id(let source):
      let block = block(label, axis, .ids)
      ids[index] = (block, nil)
      columns.append(ColumnInput(axis: axis, target: .ids(IDLookup(source), block: block)))
    case .bag(let source):
      let values = block(label, axis, .bagIDs)
      let offsets = block(label, axis, .offsets)
      ids[index] = (values, offsets)
      columns.append(
        ColumnInput(axis: axis, target: .bag(IDLookup(source), block: values, offsets: offsets)))
    case .number(let number):
      let output = target(.input(index), label: label)
      values[.input(index)] = Value(operand: output, axis: axis, width: 1)
      if number.isIdentity {
        columns.append(
          ColumnInput(axis: axis, target: .number(output, missing: number.missing)))
        return
      }
      let raw = block(label, axis, .float(width: 1))
      columns.append(
        ColumnInput(axis: axis, target: .number(FloatOperand(block: raw), missing: nil)))
      let column = NumberColumn(
        raw: raw, transform: Kernels.NumberTransform(number), output: output)
      numbers[axis, default: []].append((label, column))
    case .vector(let width):
      let output = target(.input(index), label: label)
      values[.input(index)] = Value(operand: output, axis: axis, width: width)
      columns.append(ColumnInput(axis: axis, target: .vector(output, width: width)))
    case .buckets(let buckets):
      let raw = block(label, axis, .float(width: 1))
      let block = block(label, axis, .ids)
      ids[index] = (block, nil)
      columns.append(
        ColumnInput(axis: axis, target: .number(FloatOperand(block: raw), missing: nil)))
      let transform = Kernels.NumberTransform(missing: buckets.missing, log1p: buckets.log1p)
      emit(
        label, axis,
        BucketiseAction(
          raw: raw, transform: transform, boundaries: FloatConstants(buckets.boundaries),
          ids: block))
    }
  }
}

extension PlanBuilder {
  /// One step for all transformed numbers of the axis.
  mutating func addNumbers(_ axis: Axis) {
    guard let found = numbers[axis], let first = found.first else { return }
    let label = found.count == 1 ? first.name : "\(first.name), …"
    emit(label, axis, NumbersAction(columns: found.map(\.column)))
  }
}

extension ModelGraph.NumberTransform {
  /// Whether only missing values change.
  fileprivate var isIdentity: Bool {
    !log1p && clip == nil && mean == 0 && deviation == 1
  }
}

extension Kernels.NumberTransform {
  fileprivate init(_ transform: ModelGraph.NumberTransform) {
    self.init(
      missing: transform.missing, log1p: transform.log1p,
      clip: transform.clip ?? -Float.infinity...Float.infinity, mean: transform.mean,
      deviation: transform.deviation)
  }
}
