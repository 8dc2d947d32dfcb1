{
  description = "Kubernetes manifests from kustomizations and SOPS-encrypted secrets";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      manifest = builtins.fromTOML (builtins.readFile ./Cargo.toml);

      hagane = pkgs: pkgs.rustPlatform.buildRustPackage {
        pname = "hagane";
        version = manifest.workspace.package.version;
        src = self;
        cargoLock.lockFile = ./Cargo.lock;
        cargoBuildFlags = [ "--package" "hagane-cli" ];
        # The whole suite: it needs neither a network nor another program.
        cargoTestFlags = [ "--workspace" ];
        meta = {
          description = "Renders Kubernetes manifests from kustomizations and SOPS-encrypted secrets";
          homepage = manifest.workspace.package.repository;
          license = pkgs.lib.licenses.asl20;
          mainProgram = "hagane";
        };
      };
    in
    {
      packages = forEach (pkgs: { default = hagane pkgs; });

      # Building runs the tests.
      checks = forEach (pkgs: { default = hagane pkgs; });

      devShells = forEach (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cargo
            pkgs.cargo-deny
            pkgs.clippy
            pkgs.rustc
            pkgs.rustfmt
            # The peers, for tests/peer/record and benches/compare.
            pkgs.age
            pkgs.kubectl
            pkgs.sops
          ];
        };
      });
    };
}
