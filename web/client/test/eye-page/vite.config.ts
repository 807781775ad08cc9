/** Builds the page of the eye's tests the way the pages are built: a module worker, and its weights as a hashed file. */
import { defineConfig } from 'vite';

export default defineConfig({ root: import.meta.dirname });
