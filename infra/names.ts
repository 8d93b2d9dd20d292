/** `nova-compute` → `NovaCompute`: logical ids allow letters and digits only. */
export const pascal = (name: string): string => name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
