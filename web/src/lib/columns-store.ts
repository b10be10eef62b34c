// The columns that a person has chosen for a project, kept in this browser.

const keyOf = (entity: string, project: string) => `regatta.columns.${entity}/${project}`;

export function readColumns(entity: string, project: string): string[] | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(entity, project)) ?? 'null');
    return Array.isArray(kept) ? kept.filter((c): c is string => typeof c === 'string') : null;
  } catch {
    return null;
  }
}

export function writeColumns(entity: string, project: string, columns: string[] | null): void {
  try {
    if (columns) localStorage.setItem(keyOf(entity, project), JSON.stringify(columns));
    else localStorage.removeItem(keyOf(entity, project));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
