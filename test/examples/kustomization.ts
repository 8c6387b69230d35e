// What kustomize makes of a folder, as far as examples/kubernetes needs it: names without their hashes.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parse } from 'yaml';
import { kustomization, type Manifest, manifest, variablesPatch } from './manifest-schemas.ts';

/** The folder is built by this class once. */
export class Kustomization {
  readonly manifests: Manifest[] = [];
  /** The files that took part, relative to the folder. */
  readonly files: string[] = [];
  readonly #root: string;

  /**
   * @throws Error for a file that is not there, a field that is not known, or two objects of one name.
   */
  constructor(root: string) {
    this.#root = root;
    this.#build(root);
    const names = this.manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    if (twice.length > 0) throw new Error(`twice: ${twice.join(', ')}`);
  }

  /** Those of a kind. */
  all<K extends Manifest['kind']>(kind: K): Extract<Manifest, { kind: K }>[] {
    return this.manifests.filter((each): each is Extract<Manifest, { kind: K }> => each.kind === kind);
  }

  #read(file: string): unknown {
    this.files.push(relative(this.#root, file));
    return parse(readFileSync(file, 'utf8'));
  }

  #build(folder: string): void {
    const how = kustomization.parse(this.#read(join(folder, 'kustomization.yaml')));
    for (const name of [...how.resources, ...how.components]) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) this.#build(path);
      else this.manifests.push(manifest.parse(this.#read(path)));
    }
    for (const { name, envs } of how.configMapGenerator)
      this.manifests.push({
        ...{ apiVersion: 'v1', kind: 'ConfigMap' },
        ...{ metadata: { name }, data: this.#variables(join(folder, envs[0])) },
      });
    for (const { name, envs } of how.secretGenerator) {
      const pairs = Object.entries(this.#variables(join(folder, envs[0])));
      const data = Object.fromEntries(pairs.map(([key, value]) => [key, btoa(value)]));
      this.manifests.push({
        ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
        ...{ metadata: { name }, data },
      });
    }
    for (const { path } of how.patches) this.#patch(join(folder, path));
    for (const path of how.configurations) this.#read(join(folder, path));
    for (const { name, newName, newTag } of how.images) this.#setImage(name, `${newName}:${newTag}`);
    for (const { kind, metadata } of how.namespace === undefined ? [] : this.manifests)
      if (kind !== 'Namespace') metadata.namespace = how.namespace;
  }

  /** A file of variables, as kustomize reads it: no quotes, and a value is all that follows the first `=`. */
  #variables(file: string): Record<string, string> {
    this.files.push(relative(this.#root, file));
    const lines = readFileSync(file, 'utf8').split('\n');
    const pairs = lines.filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
    return Object.fromEntries(
      pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** Kustomize puts the variables of a patch before those that are there. */
  #patch(file: string): void {
    const patch = variablesPatch.parse(this.#read(file));
    const [{ name, env }] = patch.spec.template.spec.containers;
    const target = this.all('Deployment').find((each) => each.metadata.name === patch.metadata.name);
    const container = target?.spec.template.spec.containers[0];
    if (container?.name !== name) throw new Error(`${file}: there is no such container`);
    container.env = [...env, ...container.env];
  }

  #setImage(name: string, image: string): void {
    for (const { spec } of this.all('Deployment'))
      for (const container of spec.template.spec.containers)
        if (container.image === name) container.image = image;
  }
}

/** All files below a folder but those that git ignores, relative to it. */
export function filesBelow(folder: string, isIgnored: (name: string) => boolean): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile())
    .filter((name) => !isIgnored(basename(name)))
    .sort();
}
