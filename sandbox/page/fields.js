// A form's inputs. What was typed stays in `on.values` by block_id, so that a form drawn anew keeps it.

import { freshId, h } from "./dom.js";
import { plainText } from "./mrkdwn.js";

/** An input block: label, control, hint, and its error where there is one. */
export function field(block, on, text) {
  const id = freshId("field");
  const error = on.errors?.[block.block_id];
  const hint = block.hint ? h("p", { class: "hint", id: `${id}-hint` }, text(block.hint, on)) : null;
  const said = error ? h("p", { class: "error", id: `${id}-error`, role: "alert" }, error) : null;
  const about = [hint ? `${id}-hint` : "", said ? `${id}-error` : ""].join(" ").trim() || null;
  const element = block.element;
  const kept = on.values[block.block_id];
  const made = (CONTROLS[element.type] ?? nothing)(element, {
    id,
    about,
    wrong: error ? "true" : null,
    required: !block.optional,
    value: kept === undefined ? initial(element) : kept,
    keep: (value) => { on.values[block.block_id] = value; },
    on,
  });
  const label = [plainText(block.label.text), block.optional ? h("span", { class: "faint" }, " (optional)") : null];
  if (GROUPS.has(element.type)) {
    return h("fieldset", { class: "block input", "data-block": block.block_id, "aria-describedby": about, "aria-invalid": error ? "true" : null },
      h("legend", {}, label), made, hint, said);
  }
  return h("div", { class: "block input", "data-block": block.block_id }, h("label", { for: id }, label), made, hint, said);
}

/** What an element holds before anybody types, in the form that `submit` takes. */
function initial(element) {
  if (element.initial_option) return element.initial_option.value;
  if (element.initial_options) return element.initial_options.map((one) => one.value);
  return element.initial_value ?? element.initial_date ?? element.initial_user ?? element.initial_users ?? element.initial_conversation ?? null;
}

const GROUPS = new Set(["radio_buttons", "checkboxes", "multi_static_select", "multi_users_select"]);

const CONTROLS = {
  plain_text_input: (element, at) =>
    h(element.multiline ? "textarea" : "input", {
      ...common(at), value: at.value ?? "", type: element.multiline ? null : "text", rows: element.multiline ? 4 : null,
      placeholder: element.placeholder && plainText(element.placeholder.text), maxlength: element.max_length,
      autofocus: element.focus_on_load, oninput: (event) => at.keep(event.target.value),
    }),
  number_input: (element, at) =>
    h("input", {
      ...common(at), value: at.value ?? "", type: "number", inputmode: "numeric", min: element.min_value, max: element.max_value,
      step: element.is_decimal_allowed ? "any" : "1", oninput: (event) => at.keep(event.target.value || null),
    }),
  datepicker: (_element, at) => h("input", { ...common(at), type: "date", value: at.value ?? "", oninput: (event) => at.keep(event.target.value || null) }),
  static_select: (element, at) => select(at, element.options.map((one) => [one.value, plainText(one.text.text)]), element),
  users_select: (element, at) => select(at, at.on.people, element),
  conversations_select: (element, at) => select(at, at.on.rooms, element),
  radio_buttons: (element, at) => choices("radio", element.options.map(option), at),
  checkboxes: (element, at) => choices("checkbox", element.options.map(option), at),
  multi_static_select: (element, at) => choices("checkbox", element.options.map(option), at, element.max_selected_items),
  multi_users_select: (element, at) => choices("checkbox", at.on.people, at, element.max_selected_items),
};

function option(one) {
  return [one.value, plainText(one.text.text), one.description && plainText(one.description.text)];
}

function common(at) {
  return { id: at.id, "aria-describedby": at.about, "aria-invalid": at.wrong, "aria-required": at.required ? "true" : null };
}

function select(at, options, element) {
  const placeholder = element.placeholder ? plainText(element.placeholder.text) : "Choose one";
  const made = h("select", { ...common(at), onchange: (event) => at.keep(event.target.value || null) },
    h("option", { value: "" }, placeholder),
    options.map(([value, shown]) => h("option", { value }, shown)));
  made.value = at.value ?? "";
  return made;
}

/** Radio buttons, or checkboxes of which at most `most` can be ticked. */
function choices(kind, options, at, most = Infinity) {
  const name = freshId("choice");
  const picked = new Set(Array.isArray(at.value) ? at.value : at.value === null ? [] : [at.value]);
  const boxes = options.map(([value, shown, more]) => {
    const about = more ? freshId("more") : null;
    const box = h("input", {
      type: kind, name, value, "aria-describedby": about, checked: picked.has(value),
      onchange: () => {
        if (kind === "radio") return at.keep(value);
        if (box.checked) picked.add(value);
        else picked.delete(value);
        limit();
        return at.keep([...picked]);
      },
    });
    const label = h("label", { class: "choice" }, box, " ", shown);
    return [box, more ? h("div", {}, label, h("p", { class: "hint more", id: about }, more)) : label];
  });
  const limit = () => boxes.forEach(([box]) => { box.disabled = !box.checked && picked.size >= most; });
  limit();
  return h("div", { class: options.length > 12 ? "choices many" : "choices", id: at.id }, boxes.map(([, label]) => label));
}

function nothing(element) {
  return h("p", { class: "unknown", role: "note" }, `This page does not draw ${element.type} yet.`);
}
