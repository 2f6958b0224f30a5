// The reference is made with the last TypeScript that is written in TypeScript: typedoc needs its programming interface,
// and a peer dependency is ours, which is newer.
export const hooks = {
  readPackage(pkg) {
    if (pkg.name !== "typedoc") return pkg
    const { typescript: _, ...peerDependencies } = pkg.peerDependencies
    return { ...pkg, peerDependencies, dependencies: { ...pkg.dependencies, typescript: "6.0.3" } }
  }
}
