import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "src/api/schema.d.ts", "node_modules"] },
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.recommended,
  {
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      // Taking a part off an object by naming it.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true, varsIgnorePattern: "^_" }],
      "max-lines": ["error", 300],
      // A screen or two, blank lines and comments not counted.
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      // The first field of a form that was asked for is where the writer wants to be.
      "jsx-a11y/no-autofocus": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
    },
  },
);
